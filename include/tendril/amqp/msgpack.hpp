// SPDX-License-Identifier: MIT
// Floor: amqp
//
// A Codec by MessagePack for all that msgpack-cxx can: numbers, texts, std containers, tuples, std::optional, and types
// of yours:
//
//     struct Job {
//         std::string url;
//         std::optional<int> depth;          // added later: old messages have none
//         MSGPACK_DEFINE_MAP(url, depth)
//     };
//
// By MSGPACK_DEFINE_MAP members go by name, so that programs of before and after a change understand each other.
// Needs Debian's libmsgpack-cxx-dev, which is headers only.
//
// Hostile input: what the body says of sizes is compared with its length before memory is taken, and it may be nested
// 64 deep.

#pragma once

#if !__has_include(<msgpack.hpp>)
#error "tendril/amqp/msgpack.hpp needs msgpack-cxx (Debian: libmsgpack-cxx-dev); or specialize tendril::amqp::Codec"
#endif

#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <msgpack.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include <tendril/amqp/codec.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/amqp/message.hpp>

namespace tendril::amqp {

namespace detail {

// Walks a body without making anything of it: every element takes a byte at least, so a container cannot have more than
// are left, nor all together more than there are.
class MsgpackCheck : public msgpack::null_visitor {
public:
    explicit MsgpackCheck(std::size_t size) noexcept : left_(size) {}

    bool start_array(std::uint32_t n) { return enter(n); }
    bool start_map(std::uint32_t n) { return enter(std::uint64_t{n} * 2); }
    bool end_array() { return leave(); }
    bool end_map() { return leave(); }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): msgpack's
    void parse_error(std::size_t /*parsed*/, std::size_t /*at*/) noexcept { refused_ = true; }
    void insufficient_bytes(std::size_t /*parsed*/, std::size_t /*at*/) noexcept { refused_ = true; }
    bool refused() const noexcept { return refused_; }

private:
    static constexpr int deepest = 64;

    bool enter(std::uint64_t elements) noexcept {
        if (elements > left_ || ++depth_ > deepest) {
            refused_ = true;
            return false;
        }
        left_ -= elements;
        return true;
    }
    bool leave() noexcept {
        --depth_;
        return true;
    }

    std::uint64_t left_;
    int depth_ = 0;
    bool refused_ = false;
};

// Throws: DecodeError.
inline void check_msgpack(std::string_view body) {
    MsgpackCheck check(body.size());
    std::size_t end = 0;
    if (body.empty() || !msgpack::parse(body.data(), body.size(), end, check) || check.refused()) {
        throw DecodeError("the body is not msgpack, or its sizes lie");
    }
    if (end != body.size()) {
        throw DecodeError("the body has " + std::to_string(body.size() - end) + " bytes behind its msgpack");
    }
}

}  // namespace detail

// Every type that msgpack knows, and that no other Codec takes.
template <class T>
requires(!detail::built_in_codec<T>) struct Codec<T> {
    // Packs it into the body.
    static void encode(const T& value, Message& message) {
        struct Append {
            std::string& body;
            void write(const char* data, std::size_t size) { body.append(data, size); }
        };
        message.body.clear();
        Append append{message.body};
        msgpack::pack(append, value);
        message.properties.content_type = "application/msgpack";
    }
    // Unpacks the body. Throws: what msgpack throws for other bytes.
    static T decode(const Message& message) {
        detail::check_msgpack(message.body);
        try {
            const msgpack::object_handle handle = msgpack::unpack(message.body.data(), message.body.size());
            return handle->template as<T>();
        } catch (const msgpack::type_error&) {
            throw DecodeError("the body is msgpack, but not of the type that is expected here");
        } catch (const msgpack::unpack_error& e) {
            throw DecodeError(std::string("the body is not msgpack: ") + e.what());
        }
    }
};

}  // namespace tendril::amqp

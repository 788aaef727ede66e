// SPDX-License-Identifier: MIT

#include "amqp/protocol/properties.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/decoder.hpp"
#include "amqp/protocol/encoder.hpp"

namespace tendril::amqp::detail {

namespace {

constexpr std::uint16_t class_basic = 60;
constexpr std::size_t before_properties = 14;  // class, weight, body size, flags
constexpr std::string_view content_header = "a content header";

// An expiration is a text on the wire: a number of milliseconds.
class ExpirationText {
public:
    explicit ExpirationText(std::chrono::milliseconds time) noexcept {
        // Less than nothing is nothing: such a message is dropped unless it can be delivered at once.
        const std::uint64_t n = time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
        end_ = std::to_chars(digits_.data(), digits_.data() + digits_.size(), n).ptr;
    }
    operator ShortString() const noexcept { return std::string_view(digits_.data(), size()); }
    std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - digits_.data()); }

private:
    std::array<char, 20> digits_;
    char* end_;
};

// Calls f(name, value) for each property that is there, in the order of the wire, and returns their flags. Inline with
// all that is in it, so that flags are constants, and an Encoder lies in registers: half of what a header costs.
template <class F>
[[gnu::always_inline]] inline std::uint16_t each_present(const Properties& p, const HeaderDefaults& defaults, F& f) {
    std::uint16_t flags = 0;
    std::uint16_t flag = 1u << 15;
    const auto next = [&](bool present) __attribute__((always_inline)) {
        flags = static_cast<std::uint16_t>(present ? flags | flag : flags);
        flag = static_cast<std::uint16_t>(flag >> 1);
        return present;
    };
    const auto text = [&](std::string_view name, std::string_view value) __attribute__((always_inline)) {
        if (next(!value.empty())) {
            f(name, ShortString(value));
        }
    };
    text("content-type", p.content_type);
    text("content-encoding", p.content_encoding);
    if (next(!p.headers.empty())) {
        f("headers", p.headers);
    }
    const std::optional<bool> persistent = p.persistent.has_value() ? p.persistent : defaults.persistent;
    if (next(persistent.has_value())) {
        f("delivery-mode", static_cast<std::uint8_t>(*persistent ? 2 : 1));
    }
    if (next(p.priority.has_value())) {
        f("priority", *p.priority);
    }
    text("correlation-id", p.correlation_id);
    text("reply-to", p.reply_to);
    if (next(p.expiration.has_value())) {
        const ExpirationText digits(*p.expiration);
        f("expiration", ShortString(digits));
    }
    text("message-id", p.message_id.empty() ? defaults.message_id : std::string_view(p.message_id));
    if (next(p.timestamp.has_value())) {
        f("timestamp", p.timestamp->seconds);
    }
    text("type", p.type);
    text("user-id", p.user_id);
    text("app-id", p.app_id);
    return flags;
}

std::optional<std::chrono::milliseconds> expiration(std::string_view text) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n < 0) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(n);
}

std::optional<bool> persistent(std::uint8_t mode) {
    return mode == 1 || mode == 2 ? std::optional<bool>(mode == 2) : std::nullopt;
}

class PropertyReader {
public:
    PropertyReader(Decoder& in, std::uint16_t flags) noexcept : in_(in), flags_(flags) {}

    bool next() noexcept {
        const bool present = (flags_ & 1u << 15) != 0;
        flags_ = static_cast<std::uint16_t>(flags_ << 1);
        return present;
    }
    void text(std::string_view name, std::string& value) {
        if (next()) {
            value = in_.short_string(name);
        }
    }

private:
    Decoder& in_;
    std::uint16_t flags_;
};

void read_properties(Decoder& in, std::uint16_t flags, Properties& p) {
    PropertyReader reader(in, flags);
    reader.text("content-type", p.content_type);
    reader.text("content-encoding", p.content_encoding);
    if (reader.next()) {
        p.headers = in.table("headers");
    }
    if (reader.next()) {
        p.persistent = persistent(in.integer<std::uint8_t>("delivery-mode"));
    }
    if (reader.next()) {
        p.priority = in.integer<std::uint8_t>("priority");
    }
    reader.text("correlation-id", p.correlation_id);
    reader.text("reply-to", p.reply_to);
    if (reader.next()) {
        p.expiration = expiration(in.short_string("expiration"));
    }
    reader.text("message-id", p.message_id);
    if (reader.next()) {
        p.timestamp = Timestamp{in.integer<std::uint64_t>("timestamp")};
    }
    reader.text("type", p.type);
    reader.text("user-id", p.user_id);
    reader.text("app-id", p.app_id);
    if (reader.next()) {
        in.short_string("reserved");  // the cluster-id of older versions
    }
}

template <class P, class F>
void each_text(P& p, F f) {
    f(p.content_type);
    f(p.content_encoding);
    f(p.correlation_id);
    f(p.reply_to);
    f(p.message_id);
    f(p.type);
    f(p.user_id);
    f(p.app_id);
}

}  // namespace

void clear(Properties& properties) noexcept {
    each_text(properties, [](std::string& text) { text.clear(); });
    if (!properties.headers.empty()) {
        properties.headers = {};
    }
    properties.persistent.reset();
    properties.priority.reset();
    properties.expiration.reset();
    properties.timestamp.reset();
}

std::size_t text_capacity(const Properties& properties) noexcept {
    std::size_t sum = 0;
    each_text(properties, [&sum](const std::string& text) { sum += text.capacity(); });
    return sum;
}

// Without a look at each in turn, which is for the error that names the one that is too long.
std::size_t measure_header(const Properties& properties, const HeaderDefaults& defaults) {
    std::size_t size = before_properties;
    std::size_t lengths = 0;  // or-ed: over 255 if one of them is
    const auto text = [&](std::string_view value) {
        size += value.size() + (value.empty() ? 0 : 1);
        lengths |= value.size();
    };
    each_text(properties, text);
    if (properties.message_id.empty()) {
        text(defaults.message_id);
    }
    if (lengths > 255) [[unlikely]] {
        Measure measure;
        each_present(properties, defaults, measure);
    }
    if (!properties.headers.empty()) {
        size += measure_table(properties.headers);
    }
    if (properties.expiration.has_value()) {
        size += 1 + ExpirationText(*properties.expiration).size();
    }
    size += properties.persistent.has_value() || defaults.persistent.has_value() ? 1 : 0;
    size += properties.priority.has_value() ? 1 : 0;
    size += properties.timestamp.has_value() ? sizeof(std::uint64_t) : 0;
    return size;
}

void write_header(char* out, const Properties& properties, std::uint64_t body_size,
                  const HeaderDefaults& defaults) noexcept {
    Encoder values(out + before_properties);
    const std::uint16_t flags = each_present(properties, defaults, values);
    Encoder head(out);
    head.integer(class_basic);
    head.integer(std::uint16_t{0});
    head.integer(body_size);
    head.integer(flags);
}

ContentHeader decode_header(std::string_view payload) {
    ContentHeader header;
    header.body_size = decode_header(payload, header.properties);
    return header;
}

std::uint64_t decode_header(std::string_view payload, Properties& into) {
    Decoder in(payload, content_header);
    if (const auto of_class = in.integer<std::uint16_t>("class"); of_class != class_basic) {
        throw ProtocolError("the broker sent a content header of the class " + std::to_string(of_class) +
                            "; only basic (60) has content");
    }
    in.integer<std::uint16_t>("weight");
    const auto body_size = in.integer<std::uint64_t>("body-size");
    const auto flags = in.integer<std::uint16_t>("property-flags");
    if ((flags & 3u) != 0) {
        throw ProtocolError("the broker sent a content header with properties that AMQP 0-9-1 does not have");
    }
    read_properties(in, flags, into);
    in.end();
    return body_size;
}

}  // namespace tendril::amqp::detail

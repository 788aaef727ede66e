// SPDX-License-Identifier: MIT
//
// The reader of a connection: takes what the broker sends, and never waits for anything else, unless it is held.

#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/error.hpp>

#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/connection_core.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/refusal.hpp"
#include "amqp/protocol/frame.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"

namespace tendril::amqp::detail {

using State = ConnectionParts::State;

namespace {

// reply-code of a breach of the protocol: frame-error would do for most, too.
constexpr std::uint16_t unexpected_frame = 505;

}  // namespace

void ConnectionCore::read() {
    try {
        read_on();
    } catch (const ProtocolError& e) {
        refuse(e.what());
    } catch (...) {
        end(loss("recv"));
    }
}

void ConnectionCore::read_on() {
    FrameReader& frames = parts_->frames;
    for (;;) {
        while (const std::optional<Frame> frame = frames.next()) {
            receive(*frame);
            if (parts_->state == State::ended) {
                return;
            }
        }
        while (parts_->holds > 0 && parts_->state != State::ended) {
            parts_->held_reader.wait("the reader of an AMQP connection, held by what nobody has got yet", nullptr,
                                     never);
        }
        if (parts_->state == State::ended) {
            return;
        }
        const std::size_t n = parts_->stream->recv(frames.room());
        if (n == 0) {
            return end(lost(std::make_error_code(std::errc::connection_reset),
                            "the broker ended the connection without a word"));
        }
        frames.filled(n);
        parts_->heart.received();
    }
}

// Listeners may leave, and end the connection, while they are called.
template <class F>
void ConnectionCore::for_each_listener(F tell) noexcept {
    struct Mark final : ConnectionListener {
        void blocked(std::string_view /*reason*/) noexcept override {}
        void unblocked() noexcept override {}
        void ended(const std::exception_ptr& /*why*/) noexcept override {}
    } mark;
    parts_->listeners.push_back(mark);
    for (ConnectionListener* each = parts_->listeners.pop_front(); each != nullptr && each != &mark;
         each = parts_->listeners.pop_front()) {
        parts_->listeners.push_back(*each);
        tell(*each);
    }
}

void ConnectionCore::receive(const Frame& frame) {
    if (frame.type == FrameType::heartbeat) {
        if (frame.channel != 0) {
            throw ProtocolError("the broker sent a heartbeat on a channel");
        }
        return;
    }
    if (frame.channel == 0) {
        if (frame.type != FrameType::method) {
            throw ProtocolError("the broker sent content on channel 0");
        }
        return on_method(frame.payload);
    }
    ChannelCore* channel = parts_->channels.find(frame.channel).get();
    if (channel == nullptr) {
        throw ProtocolError("the broker sent a frame on channel " + std::to_string(frame.channel) +
                            ", which is not open");
    }
    channel->receive(frame);
}

void ConnectionCore::on_method(std::string_view payload) {
    switch (const MethodId id = method_id(payload); id.number()) {
    case number_of<method::ConnectionClose>: {
        const auto close = decode_method<method::ConnectionClose>(payload);
        append_method(parts_->outbox.frames(), 0, method::ConnectionCloseOk{});
        return finish(connection_refusal(close.reply_code, close.reply_text, {close.class_id, close.method_id}), true);
    }
    case number_of<method::ConnectionCloseOk>:
        decode_method<method::ConnectionCloseOk>(payload);
        if (parts_->state != State::closing) {
            throw ProtocolError("the broker sent connection.close-ok, which nobody asked for");
        }
        return end(closed_by_us("the connection to the broker was closed"));
    case number_of<method::ConnectionBlocked>:
        parts_->blocked_reason = decode_method<method::ConnectionBlocked>(payload).reason;
        parts_->blocked = true;
        parts_->outbox.hold_back(true);
        return for_each_listener([&](ConnectionListener& each) { each.blocked(parts_->blocked_reason); });
    case number_of<method::ConnectionUnblocked>:
        decode_method<method::ConnectionUnblocked>(payload);
        parts_->blocked = false;
        parts_->blocked_reason.clear();
        parts_->outbox.hold_back(false);
        return for_each_listener([&](ConnectionListener& each) { each.unblocked(); });
    default: {
        visit_method(payload, [](const auto&) {});
        Answer said;
        static_cast<void>(parts_->calls.answer(id, said));
    }
    }
}

// Says why it ends, and ends it.
void ConnectionCore::refuse(const char* breach) noexcept {
    bool say = false;
    try {
        append_method(parts_->outbox.frames(), 0,
                      method::ConnectionClose{.reply_code = unexpected_frame,
                                              .reply_text = std::string_view(breach).substr(0, 255)});
        say = true;
    } catch (const std::bad_alloc&) {
    }
    finish(std::current_exception(), say);
}

// What the exception that is being handled means for the connection.
std::exception_ptr ConnectionCore::loss(std::string_view call) noexcept {
    constexpr std::string_view what = "the connection to the broker was lost";
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return std::current_exception();
    } catch (const std::system_error& e) {
        return lost(e.code(), std::string(what) + ", in " + std::string(call));
    } catch (const std::exception& e) {
        return lost(std::make_error_code(std::errc::io_error), std::string(what) + ": " + e.what());
    } catch (...) {
        return lost(std::make_error_code(std::errc::operation_canceled), "a green thread of the connection was killed");
    }
}

}  // namespace tendril::amqp::detail

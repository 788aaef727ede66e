// SPDX-License-Identifier: MIT
//
// What a connection's users call, and its end. The reader: connection_reader.cpp; the writer: connection_writer.cpp.

#include "amqp/connection/connection_core.hpp"

#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/detail/base/check.hpp>
#include <tendril/greenlet.hpp>

#include "amqp/connection/channel_call.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/channel_parts.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/refusal.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "base/sys.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

namespace here = tendril::detail::here;
using State = ConnectionParts::State;
using tendril::detail::Outcome;

namespace {

std::exception_ptr parents() {
    return closed_by_us("the connection to the broker is the parent's of this process: connect anew after fork()");
}

}  // namespace

ConnectionParts::ConnectionParts(ConnectionCore& c, std::shared_ptr<Stream> s, const ConnectionOptions& options,
                                 Agreement agreement)
    : core(c), stream(std::move(s)), agreed(std::move(agreement)), max_message(options.max_message),
      thread(here::owner()), outbox(options.send_buffer), heart(*this), channels(agreed.channel_max) {}

void ConnectionParts::beat() noexcept {
    if (of_the_parent()) {
        return core.end(parents());
    }
    if (outbox.unsent() > 0) {
        return;  // it says as much
    }
    spare.clear();
    try {
        append_heartbeat(outbox.frames());
        outbox.wake();
    } catch (const std::bad_alloc&) {  // the next one may find memory
    }
}

void ConnectionParts::silent() noexcept {
    core.end(lost(std::make_error_code(std::errc::timed_out),
                  "the broker was silent for two heartbeat intervals; the connection to it was given up"));
}

bool ConnectionParts::may_be_unread() noexcept {
    if (holds > 0) {
        return true;
    }
    pollfd look{stream->fd(), POLLIN, 0};
    return look.fd >= 0 && sys::poll(&look, 1, 0) > 0;
}

ConnectionCore::ConnectionCore(std::shared_ptr<Stream> stream, const ConnectionOptions& options, Agreement agreement)
    : parts_(std::make_unique<ConnectionParts>(*this, std::move(stream), options, std::move(agreement))) {}

ConnectionCore::~ConnectionCore() {
    TENDRIL_ASSERT(parts_->state == State::ended);
}

void ConnectionCore::start(FrameReader&& frames) {
    parts_->frames = std::move(frames);
    parts_->frames.set_frame_max(parts_->agreed.frame_max);
    try {
        here::timers();
        parts_->heart.start(parts_->agreed.heartbeat);
        spawn_n({.name = "reader of an AMQP connection"}, [self = shared_from_this()] { self->read(); });
        spawn_n({.name = "writer of an AMQP connection"}, [self = shared_from_this()] { self->write(); });
    } catch (...) {
        end(std::current_exception());
        throw;
    }
}

// ---- State

bool ConnectionCore::is_open() const noexcept {
    return parts_->state == State::open;
}
const std::exception_ptr& ConnectionCore::error() const noexcept {
    return parts_->error;
}
void ConnectionCore::check_open() const {
    if (parts_->state != State::open) {
        std::rethrow_exception(parts_->error != nullptr ? parts_->error
                                                        : closed_by_us("the connection to the broker was closed"));
    }
}
void ConnectionCore::check_thread() {
    here::require_owner("an AMQP connection", parts_->thread);
    if (parts_->of_the_parent()) [[unlikely]] {
        end(parents());
    }
}

bool ConnectionCore::blocked() const noexcept {
    return parts_->blocked;
}
const std::string& ConnectionCore::blocked_reason() const noexcept {
    return parts_->blocked_reason;
}
void ConnectionCore::listen(ConnectionListener& listener) noexcept {
    TENDRIL_ASSERT(parts_->state != State::ended);
    parts_->listeners.push_back(listener);
}
const Table& ConnectionCore::server_properties() const noexcept {
    return parts_->agreed.server_properties;
}
Duration ConnectionCore::heartbeat() const noexcept {
    return parts_->agreed.heartbeat;
}
std::uint32_t ConnectionCore::frame_max() const noexcept {
    return parts_->agreed.frame_max;
}
std::uint16_t ConnectionCore::channel_max() const noexcept {
    return parts_->agreed.channel_max;
}

// ---- Calls

std::shared_ptr<ChannelCore> ConnectionCore::open_channel(Deadline deadline) {
    check_thread();
    here::refuse_in_callback();
    check_open();
    const std::shared_ptr<ConnectionCore> self = shared_from_this();
    const std::uint16_t number = parts_->channels.take(deadline);
    check_open();  // number 0: it has ended
    std::shared_ptr<ChannelCore> channel;
    try {
        parts_->acks_due.reserve(std::size_t{number} + 1);
        channel = std::make_shared<ChannelCore>(
            std::make_unique<ChannelParts>(self, number, parts_->thread, parts_->max_message));
        parts_->channels.put(number, channel);
        ChannelCall<method::ChannelOpenOk> call(*channel, Undo::close);
        call.append(method::ChannelOpen{});
        call.await(deadline);
    } catch (...) {
        if (channel == nullptr) {
            parts_->channels.release(number);
        } else {
            channel->give_up_opening();
        }
        throw;
    }
    return channel;
}

void ConnectionCore::update_secret(std::string_view secret, std::string_view reason, Deadline deadline) {
    check_thread();
    here::refuse_in_callback();
    check_open();
    const std::shared_ptr<ConnectionCore> self = shared_from_this();
    Call call("connection.update-secret");
    parts_->calls.push({.answer = method::ConnectionUpdateSecretOk::info.id, .other = {}, .caller = &call});
    try {
        append_method(parts_->outbox.frames(), 0,
                      method::ConnectionUpdateSecret{.new_secret = secret, .reason = reason}, parts_->agreed.frame_max);
    } catch (...) {
        parts_->calls.places().drop_last();
        throw;
    }
    parts_->outbox.wake();
    parts_->calls.await(call, deadline);
}

// ---- Publishers' turns

bool ConnectionCore::takes_one_now() {
    check_thread();
    return parts_->state == State::open && parts_->outbox.has_turn();
}

std::size_t ConnectionCore::unsent() const noexcept {
    return parts_->outbox.unsent();
}

ConnectionCore::Turn ConnectionCore::wait_for_turn(Deadline deadline) {
    check_thread();
    here::refuse_in_callback();
    if (here::spend_turn()) {
        here::yield();
    }
    check_open();
    if (parts_->outbox.has_turn()) {
        return Turn(nullptr);
    }
    const std::shared_ptr<ConnectionCore> self = shared_from_this();
    switch (parts_->outbox.wait_for_turn(deadline)) {
    case Outbox::Turn::handed:
        return Turn(self);
    case Outbox::Turn::closed:
        check_open();
        break;
    case Outbox::Turn::timed_out:
        break;
    }
    tendril::detail::time_out({.waited_ns = here::waited_ns()}, [blocked = parts_->blocked] {
        return std::string("amqp publish, which waits ") +
               (blocked ? "as the broker takes no messages (connection.blocked)" : "for room in the send buffer");
    });
}

ConnectionCore::Turn::~Turn() {
    if (core_ != nullptr) {
        core_->parts_->outbox.pass_turn();
    }
}

void ConnectionCore::flush_acks() {
    std::vector<ChannelCore*>& due = parts_->acks_due;
    while (!due.empty()) {
        due.back()->flush_acks();
        due.back()->parts().acks_listed = false;
        due.pop_back();
    }
}

void ConnectionCore::hold_reading() noexcept {
    ++parts_->holds;
}
void ConnectionCore::resume_reading() noexcept {
    TENDRIL_ASSERT(parts_->holds > 0);
    if (--parts_->holds == 0) {
        parts_->heart.received();
        parts_->held_reader.wake_all(Outcome::signalled);
    }
}

// ---- The end

void ConnectionCore::close(Deadline deadline) {
    check_thread();
    here::refuse_in_callback();
    if (parts_->state == State::ended) {
        return;
    }
    const std::shared_ptr<ConnectionCore> self = shared_from_this();
    const std::exception_ptr why = closed_by_us("the connection to the broker was closed");
    try {
        if (parts_->state == State::open) {
            flush_acks();
            append_method(parts_->outbox.frames(), 0,
                          method::ConnectionClose{.reply_code = 200, .reply_text = "closed"});
            parts_->state = State::closing;
            parts_->outbox.wake();
        }
        parts_->closers.wait("amqp close", nullptr, deadline);
    } catch (...) {
        finish(why, false);
        throw;
    }
    finish(why, false);
}

void ConnectionCore::drop() noexcept {
    if (parts_->state == State::ended) {
        return;
    }
    if (parts_->of_the_parent()) {
        return end(parents());
    }
    bool say = false;
    try {
        if (parts_->state == State::open) {
            flush_acks();
            append_method(parts_->outbox.frames(), 0,
                          method::ConnectionClose{.reply_code = 200, .reply_text = "closed"});
        }
        say = true;
    } catch (const std::bad_alloc&) {  // then without a word
    }
    finish(closed_by_us("the connection to the broker was closed"), say);
}

void ConnectionCore::end(const std::exception_ptr& why) noexcept {
    finish(why, false);
}

void ConnectionCore::finish(const std::exception_ptr& why, bool say) noexcept {
    if (parts_->state == State::ended) {
        return;
    }
    const std::shared_ptr<ConnectionCore> self = shared_from_this();
    parts_->state = State::ended;
    parts_->error = why;
    parts_->heart.stop();
    if (say && !parts_->outbox.sending()) {
        parts_->last_words = true;
    } else {
        parts_->stream->close();
    }
    parts_->outbox.close();
    for (const std::shared_ptr<ChannelCore>& channel : parts_->channels.close()) {
        channel->connection_ended(why);
    }
    parts_->calls.end(why);
    parts_->closers.wake_all(Outcome::closed);
    parts_->held_reader.wake_all(Outcome::closed);
    while (ConnectionListener* listener = parts_->listeners.pop_front()) {
        listener->ended(why);
    }
}

}  // namespace tendril::amqp::detail

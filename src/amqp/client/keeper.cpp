// SPDX-License-Identifier: MIT

#include "amqp/client/keeper.hpp"

#include <random>
#include <stdexcept>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/tls_connection.hpp>

#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

using tendril::detail::List;
using tendril::detail::Outcome;

std::string text_of(const std::exception_ptr& error) {
    if (error == nullptr) {
        return {};
    }
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an unknown error";
    }
}

Keeper::Keeper(Owner& owner, Url url, const ClientOptions& options, bool publishing)
    : owner_(owner), url_(std::move(url)), options_(options.connection), connect_timeout_(options.connect_timeout),
      pause_(options.first_retry), attempts_(options.attempts), publishing_(publishing),
      backoff_(options.first_retry, options.longest_retry, std::random_device()()) {
    if (options_.name.empty()) {
        options_.name = options.name;
    }
    if (publishing && !options_.name.empty()) {
        options_.name += " (publishing)";
    }
}

Keeper::~Keeper() = default;

void Keeper::start() {
    if (!started() && end_ == nullptr) {
        greenlet_ = spawn({.name = publishing_ ? "amqp publishing" : "amqp client"}, [this] { run(); });
    }
}

// ---- The green thread

void Keeper::run() {
    const std::shared_ptr<Owner> held = owner_.share_owner();
    try {
        while (!ending()) {
            connect();
            serve();
            lose();
        }
    } catch (const std::exception&) {  // no memory, or no stack: nobody would make it again
        owner_.hopeless(std::current_exception());
    } catch (...) {  // a kill
        owner_.hopeless(std::make_exception_ptr(
            ConnectionLost(std::make_error_code(std::errc::not_connected), "the Client's green thread was killed")));
        throw;
    }
}

// Until there is a connection, or no hope.
void Keeper::connect() {
    while (!ending() && core_ == nullptr) {
        if (std::exchange(pause_first_, true)) {
            sleep(Deadline(backoff_.next()));
        }
        if (const std::exception_ptr why = try_connect(); why != nullptr) {
            note_failure(why);
        }
    }
}

std::exception_ptr Keeper::try_connect() {
    try {
        Connection made = amqp::connect(url_, options_, connect_timeout_);
        const std::shared_ptr<ConnectionCore>& core = ConnectionMaker::core(made);
        if (core->error() != nullptr) {
            return core->error();
        }
        lost_ = nullptr;
        core_ = core;
        core_->listen(*this);
        handle_.emplace(std::move(made));
        return nullptr;
    } catch (const std::exception&) {
        return std::current_exception();
    }
}

void Keeper::note_failure(const std::exception_ptr& why) {
    failure_ = why;
    ++failed_;
    if (is_hopeless(why) || failed_ >= attempts_) {
        owner_.hopeless(why);
    } else {
        report(ClientEvent::Kind::failed, text_of(why));
    }
}

// What no further attempt mends. A server that speaks another protocol is one that never was a broker; from one that
// was it is what stands in its way for the time being.
bool Keeper::is_hopeless(const std::exception_ptr& why) const {
    constexpr int not_allowed = 530;  // no such vhost
    try {
        std::rethrow_exception(why);
    } catch (const AuthError& error) {
        return error.code() != 0 || connects_ == 0;
    } catch (const ConnectionError& error) {
        return core_ == nullptr && error.code() == not_allowed;
    } catch (const TlsError& error) {
        return error.code().category() == tls_verify_category();
    } catch (const ProtocolError&) {
        return connects_ == 0;
    } catch (const std::logic_error&) {  // options
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void Keeper::serve() {
    while (!ending() && lost_ == nullptr) {
        if (Recovered* one = wanted_.pop_front()) {
            idle_.push_back(*one);
            set_up(*one);
        } else if (!up_) {
            now_up();
        } else {
            await_work();
        }
    }
}

void Keeper::set_up(Recovered& one) {
    const std::shared_ptr<Recovered> held = one.share();
    const std::shared_ptr<ConnectionCore> core = core_;
    try {
        if (one.set_up(core) == Recovered::SetUp::later) {
            want_later(one);
        }
    } catch (const std::exception&) {
        // No memory, and the like: another connection begins anew. One that has left ended its channel itself.
        if (core->is_open() && !one.left()) {
            core->end(std::current_exception());
        }
    }
}

void Keeper::now_up() {
    up_ = true;
    ++connects_;
    failed_ = 0;
    failure_ = nullptr;
    backoff_.reset();
    report(ClientEvent::Kind::connected, {});
    waiters_.wake_all(Outcome::signalled);
}

void Keeper::await_work() {
    if (later_.empty()) {
        work_.wait("amqp::Client", nullptr, never);
    } else if (later_at_.passed() || work_.wait("amqp::Client", nullptr, later_at_) == Outcome::timed_out) {
        while (Recovered* one = later_.pop_front()) {
            wanted_.push_back(*one);
        }
    }
}

void Keeper::lose() {
    if (ending()) {
        return;
    }
    const bool was_up = std::exchange(up_, false);
    const std::exception_ptr why = std::exchange(lost_, nullptr);
    for (List<Recovered>* from : {&wanted_, &later_}) {
        while (Recovered* one = from->pop_front()) {
            idle_.push_back(*one);
        }
    }
    while (Recovered* one = idle_.pop_front()) {
        wanted_.push_back(*one);
    }
    if (first_ != nullptr) {
        first_->unlink();
        wanted_.push_front(*first_);
    }
    if (was_up) {
        ++losses_;
        failure_ = why;
        report(ClientEvent::Kind::lost, text_of(why));
    } else {
        note_failure(why);
    }
    core_.reset();
    handle_.reset();
}

// ---- For others

void Keeper::want(Recovered& one) noexcept {
    if (!one.left() && end_ == nullptr) {
        one.unlink();
        wanted_.push_back(one);
        wake();
    }
}

void Keeper::want_first(Recovered& one) noexcept {
    if (!one.left() && end_ == nullptr) {
        one.unlink();
        first_ = &one;
        wanted_.push_front(one);
        wake();
    }
}

void Keeper::want_later(Recovered& one) noexcept {
    if (!one.left() && end_ == nullptr) {
        if (later_.empty()) {
            later_at_ = Deadline(pause_);
        }
        one.unlink();
        later_.push_back(one);
        wake();
    }
}

std::shared_ptr<ConnectionCore> Keeper::await_up(Deadline deadline) {
    waiters_.check_thread();
    check();
    while (!up_ || !core_->is_open()) {
        // A connection that is closing or was lost just now counts as up until the green thread has seen it.
        if (up_ && lost_ == nullptr) {
            core_->check_open();
        }
        if (waiters_.wait("amqp::Client", nullptr, deadline) == Outcome::timed_out) {
            tendril::detail::time_out({.waited_ns = tendril::detail::here::waited_ns()},
                                      [text = trouble()] { return text; });
        }
        check();
    }
    return core_;
}

void Keeper::check() const {
    if (end_ != nullptr) {
        std::rethrow_exception(end_);
    }
}

std::string Keeper::trouble() const {
    std::string text = "no connection to " + url_.to_string();
    if (failure_ != nullptr) {
        text += " (the last attempt: " + text_of(failure_) + ")";
    }
    return text;
}

void Keeper::close(Deadline deadline) {
    closing_ = true;
    wake();
    if (const std::shared_ptr<ConnectionCore> connection = core_; connection != nullptr) {
        connection->close(deadline);
    }
}

void Keeper::end(const std::exception_ptr& why) noexcept {
    if (end_ != nullptr) {
        return;
    }
    end_ = why;
    up_ = false;
    for (List<Recovered>* list : {&wanted_, &later_, &idle_}) {
        while (Recovered* one = list->pop_front()) {
            const std::shared_ptr<Recovered> held = one->share();
            one->leave();
            one->hopeless(why);
        }
    }
    waiters_.wake_all(Outcome::closed);
    ListNode::unlink();
    const std::optional<Connection> dropped = std::move(handle_);
    handle_.reset();
    if (core_ != nullptr) {
        core_->drop();
    }
    wake();
    try {
        if (greenlet_ && !greenlet_.ready() && greenlet_ != current()) {
            greenlet_.kill_nowait();
        }
    } catch (const std::exception&) {  // the hub is ending, and kills it itself
    }
}

void Keeper::blocked(std::string_view reason) noexcept {
    report(ClientEvent::Kind::blocked, reason);
}

void Keeper::unblocked() noexcept {
    report(ClientEvent::Kind::unblocked, {});
}

void Keeper::ended(const std::exception_ptr& why) noexcept {
    lost_ = why;
    wake();
}

void Keeper::report(ClientEvent::Kind kind, std::string_view text) noexcept {
    owner_.report(kind, publishing_, text);
}

}  // namespace tendril::amqp::detail

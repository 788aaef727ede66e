// SPDX-License-Identifier: MIT

#include "http/server/connection.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdint>

#include <tendril/error.hpp>
#include <tendril/http/websocket_error.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "base/on_exit.hpp"
#include "http/message/upgraded_stream.hpp"
#include "hub/drowsy.hpp"
#include "hub/here.hpp"
#include "net/linger.hpp"

namespace tendril::http::detail {

namespace {

using namespace std::chrono_literals;

// The client's trace, or a new one if it has not sent one, or two, or none that is valid: W3C Trace Context, 3.2 and
// 3.3. A tracestate may come in several fields.
Trace trace_of(const Request& request, const Headers& sent, const TraceSampler& sampler) {
    if (sent.count("traceparent") == 1) {
        if (std::optional<Trace> trace = Trace::parse(sent.get("traceparent"), sent.joined("tracestate"))) {
            return *std::move(trace);
        }
    }
    Trace begun = Trace::begin();
    begun.set_sampled(sampler(begun, request));
    return begun;
}

constexpr std::chrono::nanoseconds whole_stack_for = 1s;  // an idle connection keeps its whole stack this long

}  // namespace

Connection::Connection(ServerState& server, const Connected& connected)
    : server_(server), watch_(connected.stream.fd()), connected_(connected), idle_timer_(connected.stream.fd()) {
    server_.count(ServerState::connections);
}

Connection::~Connection() {
    server_.count(ServerState::closed);
}

void Connection::run() {
    try {
        idle_since_ns_ = here::clock_ns();
        while (await_request() && read_head() && answer()) {
            exchange_->reset();
            ++answered_;
        }
        close();
    } catch (const StopServe&) {  // thrown by the handler; its response must arrive like any other
        close();
        throw;
    } catch (const std::system_error&) {
        server_.log_gone(connected_.peer);  // gone, or it takes nothing
    } catch (...) {  // serving ends, or another client gets this place: what was sent should arrive, but do not wait
        tendril::detail::discard_unread(connected_.stream.fd());
        throw;
    }
}

Deadline Connection::idle_end() const {
    const ServerOptions& options = server_.options();
    return Deadline::after(idle_since_ns_, answered_ == 0 ? options.header_timeout : options.idle_timeout);
}

// Waits for the next request's first bytes. Returns: false if none came in time.
bool Connection::await_request() {
    if (exchange_ != nullptr) {
        if (!exchange_->incoming.empty()) {
            return true;  // the client sent several requests at once
        }
        exchange_.reset();
    }
    const Deadline end = idle_end();
    const Serving::Idle idle(connected_.serving);
    try {
        if (await_for(Deadline::after(idle_since_ns_, whole_stack_for), end)) {
            return true;
        }
        here::give_back_stack();
        if (const Duration age = server_.options().idle_hibernate; !age.is_forever()) {
            if (await_for(Deadline::after(idle_since_ns_, age), end)) {
                return true;
            }
            const tendril::detail::Drowsy drowsy;
            connected_.stream.await_data(end);
            return true;
        }
        connected_.stream.await_data(end);
        return true;
    } catch (const TimeoutError&) {
        if (answered_ == 0) {
            server_.count(ServerState::timeouts);
        }
        return false;
    }
}

// Waits for data. Returns: false if `soon` came first. Throws: TimeoutError if `end` did.
bool Connection::await_for(Deadline soon, Deadline end) {
    const tendril::detail::OnExit ended([this] { idle_timer_.end(); });
    idle_timer_.begin(std::min(soon, end).ns());
    try {
        connected_.stream.await_data(never);
        return true;
    } catch (const TimeoutError&) {
        if (end <= soon) {
            throw;
        }
        return false;
    }
}

// Reads the first bytes of a head. The wake-up may have been a false alarm: a late event, or only part of a TLS record.
// Then the connection is still idle, although it holds an Exchange.
std::size_t Connection::fill_first() {
    Incoming& incoming = exchange_->incoming;
    try {
        return incoming.fill(Deadline::after(idle_since_ns_, Duration()));
    } catch (const TimeoutError&) {
    }
    const Serving::Idle idle(connected_.serving);
    return incoming.fill(idle_end());
}

// Reads the head of the next request. Returns: false if there is none, or none that a handler may see; then the client
// has already been answered.
bool Connection::read_head() {
    if (exchange_ == nullptr) {
        exchange_ = acquire_exchange();
        exchange_->incoming.attach(connected_.stream);
        exchange_->connected = &connected_;
        exchange_->server = &server_;
    }
    Exchange& x = *exchange_;
    x.parser.begin(server_.limits());
    try {
        if (x.incoming.empty() && fill_first() == 0) {
            return false;
        }
        const Deadline deadline = Deadline::after(here::clock_ns(), server_.options().header_timeout);
        std::size_t size = x.parser.parse(x.incoming.unread(), x.head);
        while (size == 0) {
            if (x.incoming.fill(deadline) == 0) {
                return false;  // the client has gone, perhaps in the middle of a head: not reported
            }
            size = x.parser.parse(x.incoming.unread(), x.head);
        }
        x.parser.finish(x.incoming.keep(size), x.head);
        server_.count(ServerState::requests);
        return true;
    } catch (const ProtocolError& e) {
        refuse(e);
    } catch (const TimeoutError&) {
        if (answered_ == 0 || !x.incoming.empty()) {
            server_.count(ServerState::timeouts);
        }
        if (!x.incoming.empty()) {
            refuse(ProtocolError(Fault::incomplete, 408, "the head of a request took too long"));
        }
    }
    return false;
}

void Connection::refuse(const ProtocolError& error) {
    server_.count(ServerState::bad_requests);
    server_.log_bad_input(connected_.peer, error.status(), error.what());
    Exchange& x = *exchange_;
    refused_ = true;
    x.head.keep_alive = false;
    x.body.begin(x.incoming, {}, {}, nullptr);
    x.writer.begin(*this, connected_.stream, server_.options(), {});
    x.writer.replace(error.status(), std::to_string(error.status()) + " " + std::string(reason(error.status())) + "\n");
    log(nullptr, here::clock_ns());
}

void Connection::log_answer(std::int64_t begun_ns) noexcept {
    const Shield shield;  // the log's target may wait
    try {
        log(&exchange_->request, begun_ns);
    } catch (...) {
        here::report({0, {}, server_.options().connections.where, "access log"}, std::current_exception());
    }
}

// Calls the handler and completes its response. Returns: whether the connection goes on.
bool Connection::answer() {
    Exchange& x = *exchange_;
    const ServerOptions& options = server_.options();
    const std::int64_t begun_ns = options.access_log.is_on() ? Deadline::now_ns() : 0;
    x.body.begin(x.incoming, x.head.framing,
                 {options.body_timeout, options.max_body, Deadline::after(here::clock_ns(), options.body_deadline)},
                 x.head.expects_continue ? this : nullptr);
    x.writer.begin(*this, connected_.stream, options,
                   {x.head.method == "HEAD", x.head.method == "CONNECT", x.head.upgrades, x.head.keep_alive,
                    x.head.version, &x.head.headers});
    {
        std::optional<Trace::Scope> traced;
        const tendril::detail::OnExit completed([&] {
            x.writer.complete(x.writer.ended() || x.writer.upgraded());
            if (options.access_log.is_on()) {
                log_answer(begun_ns);
            }
        });
        call_handler(traced);
    }
    if (!x.writer.ended()) {
        given_up_ = x.writer.broken();
        return false;
    }
    idle_since_ns_ = x.writer.sent_ns();
    return finish_body();
}

// Puts the request's trace into `traced`, so that it is the current one until the request is logged.
void Connection::call_handler(std::optional<Trace::Scope>& traced) {
    Exchange& x = *exchange_;
    const ServerOptions& options = server_.options();
    try {
        if (!options.handler_timeout.is_forever()) {
            limit_.emplace(Deadline(options.handler_timeout), Site{.file = "ServerOptions::handler_timeout"});
        }
        if (options.trace) {
            traced.emplace(trace_of(x.request, x.head.headers, options.trace_sampler));
        }
        server_.handler()(x.request, x.response);
        end_limit();
        if (!x.writer.upgraded()) {
            x.writer.end(nullptr);
        }
    } catch (const StatusError& e) {
        fail(e.status(), e.what(), &e.headers());
    } catch (const StopServe&) {
        end_limit();
        end_before_stop();
        throw;
    } catch (const Timeout::Expired& e) {  // a Timeout of the handler's own, or handler_timeout
        const bool too_long = limit_.has_value() && limit_->threw(e);
        handler_failed(too_long ? 503 : 500, e.what());
    } catch (const Interrupt&) {
        throw;
    } catch (const abi::__forced_unwind&) {  // the OS thread is being cancelled
        throw;
    } catch (const std::exception& e) {
        judge(e);
    } catch (...) {
        handler_failed(500, {});
    }
}

void Connection::end_limit() noexcept {
    if (limit_.has_value()) {
        limit_->cancel();
    }
}

// Decides whose fault the exception being handled is. The client's are those that reading its body or sending to it
// threw. They are told by identity, as the handler may have met the same types in work of its own.
void Connection::judge(const std::exception& error) {
    const Exchange& x = *exchange_;
    const std::exception_ptr thrown = std::current_exception();
    if (x.writer.threw(thrown)) {
        server_.log_gone(connected_.peer);  // gone, or it takes nothing; the handler has seen this exception
        return;
    }
    const auto* broken = dynamic_cast<const ProtocolError*>(&error);
    if (x.body.threw(thrown)) {
        if (broken != nullptr) {
            bad_input(*broken);
        } else if (dynamic_cast<const TimeoutError*>(&error) != nullptr) {
            bad_input(ProtocolError(Fault::incomplete, 408, "a body that took too long"));
        } else {
            server_.log_gone(connected_.peer);
        }
        return;
    }
    if (x.writer.upgraded() && server_.log_end_of_upgraded(connected_.peer, x.head, watch_)) {
        return;
    }
    const bool of_websocket = dynamic_cast<const WebSocketError*>(&error) != nullptr;
    if (broken != nullptr && !of_websocket && broken->status() >= 400 && broken->status() < 500) {
        bad_input(*broken);  // a parser refused a form, a path or the like
        return;
    }
    handler_failed(500, error.what());
}

void Connection::bad_input(const ProtocolError& error) {
    server_.count(ServerState::bad_requests);
    server_.log_bad_input(connected_.peer, error.status(), error.what());
    fail(error.status(), {});
}

// Reports the exception being handled, and answers with `status` if nothing has been sent.
void Connection::handler_failed(int status, std::string_view what) {
    server_.count(ServerState::errors);
    server_.log_handler_error(connected_.peer, exchange_->head);
    fail(status, server_.options().expose_errors ? what : "");
}

// Replaces the response, if nothing of it has been sent. headers: nullptr: the connection ends.
void Connection::fail(int status, std::string_view text, const Headers* headers) {
    end_limit();
    ResponseWriter& writer = exchange_->writer;
    if (headers == nullptr) {
        exchange_->head.keep_alive = false;
    }
    if (!writer.can_replace()) {
        return;
    }
    try {
        writer.replace(status, text, headers);
    } catch (const std::logic_error&) {  // the headers are not allowed in a response
        exchange_->head.keep_alive = false;
        server_.count(ServerState::errors);
        server_.log_handler_error(connected_.peer, exchange_->head);
        writer.replace(500, {});
    }
}

void Connection::before_body() {
    const ResponseWriter& writer = exchange_->writer;
    if (writer.can_replace() && !writer.continued() && exchange_->incoming.empty()) {
        exchange_->writer.send_interim(100, {});
    }
}

std::unique_ptr<Stream> Connection::take_stream() {
    end_limit();
    Incoming& incoming = exchange_->incoming;
    const std::string_view first = incoming.unread();
    auto stream = std::make_unique<UpgradedStream>(connected_.take(connected_.socket), first);
    incoming.take(first.size());
    return stream;
}

void Connection::log(Request* request, std::int64_t begun_ns) {
    const AccessLog& access_log = server_.options().access_log;
    if (access_log.is_on()) {
        const ResponseWriter& writer = exchange_->writer;
        access_log.log({request, connected_.peer, writer.status(), writer.body_size(),
                        std::chrono::nanoseconds(Deadline::now_ns() - begun_ns)});
    }
}

}  // namespace tendril::http::detail

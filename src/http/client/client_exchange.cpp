// SPDX-License-Identifier: MIT

#include "http/client/client_exchange.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include <tendril/error.hpp>

#include "base/timed_out.hpp"
#include "http/client/request_writer.hpp"
#include "http/message/rounds.hpp"
#include "http/message/upstream_error.hpp"

namespace tendril::http::detail {

namespace {

// A body of at most this size is sent with the head. A larger one might fill the socket's buffer, so a second green
// thread sends it.
constexpr std::size_t most_inline = std::size_t{16} * 1024;
constexpr std::uint64_t most_drained = std::uint64_t{64} * 1024;
constexpr std::chrono::milliseconds longest_drain(50);  // roughly what a new connection would cost

// A connection whose protocol has changed.
class Upgraded final : public Stream {
public:
    explicit Upgraded(std::shared_ptr<ClientConnection> connection) noexcept : connection_(std::move(connection)) {}

    std::size_t recv(Buffer buffer, Deadline deadline) override {
        return connection_->incoming().recv(buffer, deadline);
    }
    std::size_t send(Bytes bytes, Deadline deadline) override { return stream().send(bytes, deadline); }
    void send_all(Bytes bytes, Deadline deadline) override { stream().send_all(bytes, deadline); }
    void send_parts(std::span<const Bytes> parts, Deadline deadline) override { stream().send_parts(parts, deadline); }
    std::uint64_t send_file(const File& file, std::uint64_t offset, std::uint64_t count, Deadline deadline) override {
        return stream().send_file(file, offset, count, deadline);
    }
    void await_data(Deadline deadline) override {
        if (connection_->incoming().empty()) {
            connection_->incoming().clear(0);  // its buffer is not needed any more
            stream().await_data(deadline);
        }
    }
    void shutdown(Shutdown how, Deadline deadline) override { stream().shutdown(how, deadline); }
    int fd() const noexcept override { return stream().fd(); }
    void close() noexcept override { stream().close(); }
    bool is_open() const noexcept override { return stream().is_open(); }

private:
    Stream& stream() const noexcept { return connection_->stream(); }
    std::shared_ptr<ClientConnection> connection_;
};

bool is_closed(const std::system_error& e) noexcept {
    return e.code() == std::errc::connection_reset || e.code() == std::errc::broken_pipe;
}

}  // namespace

ClientExchange::~ClientExchange() {
    if (place_.has_connection() && reusable_ && reader_.skip_unread()) {
        finish();
    }
    close();
}

void ClientExchange::run(const SentWith& with, Deadline deadline) {
    deadline = std::min(deadline, whole_);
    send(with, deadline);
    const bool answered = request_.expect_continue && !request_.body.empty() && wait_to_continue(deadline);
    if (!answered) {
        if (!body_begun_ && !request_.body.empty()) {
            body_begun_ = true;
            sender_.start(place_.shared(), request_, {options_.body_timeout, whole_});
        }
        wait_for_head(request_.first_byte_timeout.value_or(options_.first_byte_timeout), deadline);
    }
    begin_body();
}

// If the server closes the connection while the request is sent, it may still have answered without reading. So that is
// no error here; reading the response reports it.
void ClientExchange::send(const SentWith& with, Deadline deadline) {
    const OutBuffer text = request_head(request_, options_, with);
    const std::string_view content = request_.body.content();
    body_begun_ = !request_.body.is_stream() && !request_.expect_continue && content.size() <= most_inline;
    deadline = std::min(deadline, Deadline(options_.body_timeout));
    Stream& stream = place_.connection().stream();
    try {
        if (body_begun_ && !content.empty()) {
            stream.send_parts(std::array<Bytes, 2>{text.bytes(), Bytes(content)}, deadline);
        } else {
            stream.send_all(text.bytes(), deadline);
        }
    } catch (const TimeoutError& e) {
        tendril::detail::time_out_amid(e, Happened(request_, "sending the request"));
    } catch (const std::system_error& e) {
        if (!is_closed(e)) {
            found_closed_ = place_.connection().exchanges > 0;
            throw;
        }
        send_failed_ = true;
    }
    sent_ns_ = Deadline::now_ns();
}

// Returns: true if the final head came; false after a 100, or if none came in time.
bool ClientExchange::wait_to_continue(Deadline deadline) {
    const Deadline patience = std::min(deadline, Deadline(options_.continue_timeout));
    while (next_head(patience)) {
        if (!head_.interim()) {
            return true;
        }
        if (head_.status == 100) {
            return false;
        }
    }
    return false;
}

// The time limit for the first byte begins when the request has been sent.
void ClientExchange::wait_for_head(Duration first_byte, Deadline deadline) {
    for (;;) {
        const std::int64_t from = std::max(sent_ns_, sender_.ended_ns());
        if (next_head(std::min(deadline, Deadline::after(from, first_byte)))) {
            if (!head_.interim()) {
                return;
            }
        } else if (deadline.passed() || (!sender_.running() && sender_.ended_ns() <= from)) {
            tendril::detail::time_out({.waited_ns = Deadline::now_ns() - from},
                                      Happened(request_, "waiting for the response"));
        }
    }
}

// Returns: false if the deadline came first.
bool ClientExchange::next_head(Deadline deadline) {
    Incoming& incoming = place_.connection().incoming();
    for (Rounds rounds(deadline);;) {
        if (const std::size_t n = blame_server([&] { return parser_.parse(incoming.unread(), head_); }); n > 0) {
            incoming.take(n);
            return true;
        }
        if (rounds.over() || !fill(deadline)) {
            return false;
        }
    }
}

bool ClientExchange::fill(Deadline deadline) {
    Incoming& incoming = place_.connection().incoming();
    std::size_t n = 0;
    try {
        n = incoming.fill(deadline);
    } catch (const TimeoutError&) {
        return false;
    } catch (const std::system_error& e) {
        ended_early(&e);
    }
    if (n == 0) {
        ended_early(nullptr);
    }
    return true;
}

void ClientExchange::ended_early(const std::system_error* error) {
    if (const std::exception_ptr cause = sender_.source_error()) {
        std::rethrow_exception(cause);
    }
    const bool nothing_came = !parser_.begun() && place_.connection().incoming().empty();
    found_closed_ = nothing_came && place_.connection().exchanges > 0;
    if (error != nullptr && !is_closed(*error)) {
        throw;  // rethrows what the caller has caught
    }
    if (error != nullptr) {
        throw std::system_error(error->code(), Happened(request_, "the connection was closed before the response")());
    }
    throw ProtocolError(Fault::incomplete, 502,
                        Happened(request_, nothing_came
                                               ? "the connection ended before the response"
                                               : "the connection ended in the middle of the response's head")());
}

Happened::Happened(const ClientRequest& request, const char* what)
    : method_(request.method), url_(request.url), what_(what) {}

std::string Happened::operator()() const {
    return method_ + " " + url_.origin() + url_.path() + ": " + what_;
}

void ClientExchange::begin_body() {
    ClientConnection& connection = place_.connection();
    ++connection.exchanges;
    if (head_.status == 101 && !asks_for_upgrade(request_)) {
        throw ProtocolError(Fault::malformed, 502, "the server changed the protocol without being asked");
    }
    if (head_.status >= 300) {
        sender_.stop();  // RFC 9112, 9.5: the server does not want the rest
    }
    const Framing framing = blame_server([&] { return response_framing(request_.method, head_); });
    reusable_ = keeps_alive(head_) && !request_.headers.lists("Connection", "close") && head_.status != 101 &&
                framing.kind != Framing::Kind::until_close && !send_failed_ && (body_begun_ || request_.body.empty());
    reader_.begin(connection.incoming(), framing, {.of_response = true}, nullptr);
    if (reader_.ended() && head_.status != 101) {
        finish();
    }
}

std::size_t ClientExchange::recv(Buffer buffer, Deadline deadline) {
    std::size_t n = 0;
    if (whole_.passed()) {  // even if data has already arrived: a server that keeps sending gets no more time
        tendril::detail::time_out({}, Happened(request_, "reading the response's body"));
    }
    try {
        n = reader_.recv(buffer, std::min({deadline, whole_, Deadline(options_.body_timeout)}));
    } catch (const TimeoutError& e) {
        tendril::detail::time_out_amid(e, Happened(request_, "reading the response's body"));
    } catch (const std::exception&) {
        const std::exception_ptr cause = sender_.source_error();
        close();
        if (cause != nullptr) {
            std::rethrow_exception(cause);
        }
        throw;
    }
    if (reader_.ended()) {
        finish();
    }
    return n;
}

// Called when the response has been read to its end.
void ClientExchange::finish() noexcept {
    if (!place_.has_connection()) {
        return;
    }
    ClientConnection& connection = place_.connection();
    if (!reusable_ || sender_.running() || sender_.failed() || !connection.incoming().empty()) {
        close();
        return;
    }
    place_.keep();
}

void ClientExchange::drain(Deadline deadline) {
    try {
        if (place_.has_connection() && reusable_ && reader_.left() <= most_drained &&
            reader_.drain(most_drained, std::min({deadline, whole_, Deadline(longest_drain)}))) {
            finish();
        }
    } catch (const std::exception&) {  // the connection is closed below
    }
    close();
}

void ClientExchange::close() noexcept {
    sender_.stop();
    if (place_.has_connection()) {
        reader_.give_up();
        place_.connection().stream().close();
        place_.close();
    }
}

std::unique_ptr<Stream> ClientExchange::upgrade() {
    if (head_.status != 101) {
        throw std::logic_error("ClientResponse::upgrade() of a response that is not 101: check its status first");
    }
    if (!place_.has_connection()) {
        throw std::logic_error("ClientResponse::upgrade() was called a second time, or after close()");
    }
    auto stream = std::make_unique<Upgraded>(place_.take());
    place_.close();
    return stream;
}

}  // namespace tendril::http::detail

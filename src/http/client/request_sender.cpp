// SPDX-License-Identifier: MIT

#include "http/client/request_sender.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

#include <tendril/error.hpp>

#include "base/on_exit.hpp"
#include "http/message/rounds.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t piece_size = std::size_t{16} * 1024;

// Thrown when the body's stream fails, not the connection.
struct SourceFailed {};

std::string hexadecimal(std::size_t n) {
    std::array<char, 24> text{};
    const int size = std::snprintf(text.data(), text.size(), "%zx\r\n", n);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

void RequestSender::start(std::shared_ptr<ClientConnection> connection, const ClientRequest& request,
                          const Limits& limits) {
    job_ = std::make_shared<Job>();
    job_->connection = std::move(connection);
    job_->body = request.body;
    job_->trailers = request.trailers;
    job_->limits = limits;
    greenlet_ = spawn({.name = "an HTTP request's body"}, [job = job_] { job->run(); });
}

void RequestSender::stop() noexcept {
    if (!running()) {
        return;
    }
    try {
        greenlet_.kill_nowait();
    } catch (const std::exception&) {  // WrongThread: the connection leaks too, and that is reported
    }
}

void RequestSender::Job::run() {
    const tendril::detail::OnExit noted([this] {
        ended = true;
        ended_ns = Deadline::now_ns();
    });
    try {
        if (body.is_stream()) {
            send_source();
        } else {
            const Bytes content = body.content();
            send({&content, 1});
        }
        sent = true;
    } catch (const SourceFailed&) {
        connection->stream().close();  // which wakes the green thread that waits for the response
    } catch (const std::exception&) {  // the server closed or does not read: reading the response reports why
    }
}

void RequestSender::Job::send_source() {
    std::vector<char> buffer(piece_size);
    const bool chunked = !body.length().has_value();
    std::uint64_t left = body.length().value_or(UINT64_MAX);
    Rounds rounds(limits.whole);
    while (left > 0) {
        if (rounds.over()) {
            throw TimeoutError("sending a request's body");
        }
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
        const std::size_t n = read({buffer.data(), wanted});
        if (n == 0) {
            break;
        }
        if (chunked) {
            const std::string size = hexadecimal(n);
            const std::array<Bytes, 3> parts{Bytes(size), Bytes(buffer.data(), n), Bytes("\r\n")};
            send(parts);
        } else {
            const Bytes piece(buffer.data(), n);
            send({&piece, 1});
            left -= n;
        }
    }
    if (chunked) {
        send_end();
    } else if (left > 0) {
        source_error = std::make_exception_ptr(std::runtime_error("a request's body ended before its stated length"));
        throw SourceFailed();
    }
}

std::size_t RequestSender::Job::read(Buffer buffer) {
    try {
        return body.source()->recv(buffer, limits.whole);
    } catch (const Interrupt&) {
        throw;
    } catch (const abi::__forced_unwind&) {  // the OS thread is cancelled
        throw;
    } catch (...) {
        source_error = std::current_exception();
        throw SourceFailed();
    }
}

void RequestSender::Job::send_end() {
    std::string text = "0\r\n";
    if (trailers) {
        try {
            for (const Headers::Field each : trailers()) {
                text.append(each.name).append(": ").append(each.value).append("\r\n");
            }
        } catch (const Interrupt&) {
            throw;
        } catch (const abi::__forced_unwind&) {
            throw;
        } catch (...) {
            source_error = std::current_exception();
            throw SourceFailed();
        }
    }
    const Bytes end(text += "\r\n");
    send({&end, 1});
}

void RequestSender::Job::send(std::span<const Bytes> parts) {
    connection->stream().send_parts(parts, std::min(limits.whole, Deadline(limits.piece)));
}

}  // namespace tendril::http::detail

// SPDX-License-Identifier: MIT

#include <tendril/http/client.hpp>

#include <algorithm>
#include <stdexcept>

#include <tendril/http/cookie_jar.hpp>

#include "http/client_exchange.hpp"
#include "http/content_decoder.hpp"
#include "http/request_writer.hpp"

namespace tendril::http {

namespace detail {

// A response, and what it came by.
struct Answer final : Source {
    explicit Answer(std::unique_ptr<ClientExchange> e) noexcept : exchange(std::move(e)) {}

    std::size_t recv(Buffer buffer, Deadline deadline) override {
        if (!kept.empty()) {
            const std::size_t n = kept.copy(reinterpret_cast<char*>(buffer.data()), buffer.size());
            kept.erase(0, n);
            return n;
        }
        if (decoder == nullptr) {
            return exchange->recv(buffer, deadline);
        }
        try {
            return decoder->recv(buffer, deadline);
        } catch (const ProtocolError&) {
            exchange->close();
            throw;
        }
    }
    void close() noexcept override { exchange->close(); }
    bool is_open() const noexcept override { return exchange->body().is_open(); }

    void decode() {
        decoder = std::make_unique<ContentDecoder>(
            [this](Buffer buffer, Deadline deadline) { return exchange->recv(buffer, deadline); });
    }

    std::unique_ptr<ClientExchange> exchange;
    std::unique_ptr<ContentDecoder> decoder;
    std::string kept;  // read by a text() that was broken off
    std::optional<Url> url;
    std::vector<Redirect> redirects;
};

namespace {

bool may_repeat(const ClientRequest& request, const ClientExchange& exchange) noexcept {
    return exchange.found_closed() && is_idempotent(request.method) &&
           (!request.body.is_stream() || !exchange.body_begun());
}

struct Limits {
    Deadline head;   // the caller's
    Deadline whole;  // total_timeout's
};

// On an idle connection, or a new one.
std::unique_ptr<ClientExchange> begin(const std::shared_ptr<ClientPool>& pool, const Url& url, bool fresh,
                                      const Limits& limits) {
    const ClientOptions& options = pool->options();
    Route route = route_to(url, options);
    const Deadline deadline = std::min(limits.head, limits.whole);
    ClientPool::Place place = pool->acquire(route.key, fresh, deadline);
    if (!place.has_connection()) {
        place.put(open_connection(url, options, pool->session(route.key),
                                  std::min(deadline, Deadline(options.connect_timeout))));
    }
    return std::make_unique<ClientExchange>(std::move(place), std::move(route), limits.whole);
}

std::unique_ptr<ClientExchange> exchanged(const std::shared_ptr<ClientPool>& pool, const ClientRequest& request,
                                          const Limits& limits) {
    const ClientOptions& options = pool->options();
    const std::string cookies = options.cookies != nullptr ? options.cookies->header(request.url) : "";
    for (bool again = false;; again = true) {
        std::unique_ptr<ClientExchange> exchange = begin(pool, request.url, again, limits);
        try {
            exchange->run(request, options, cookies, limits.head);
            if (options.cookies != nullptr) {
                options.cookies->store(request.url, exchange->head().headers);
            }
            return exchange;
        } catch (const std::system_error&) {
            if (again || !options.retry || !may_repeat(request, *exchange)) {
                throw;
            }
        }
    }
}

// RFC 9110, 10.1.1: it may be asked without the expectation.
bool expected_too_much(ClientRequest& request, const ClientExchange& exchange) noexcept {
    const bool retry = exchange.head().status == 417 && request.expect_continue && !exchange.body_begun();
    request.expect_continue = request.expect_continue && !retry;
    return retry;
}

}  // namespace

}  // namespace detail

ClientResponse::ClientResponse(std::unique_ptr<detail::Answer> answer) noexcept : answer_(std::move(answer)) {}
ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
ClientResponse& ClientResponse::operator=(ClientResponse&&) noexcept = default;
ClientResponse::~ClientResponse() = default;

int ClientResponse::status() const noexcept {
    return answer_->exchange->head().status;
}

const std::string& ClientResponse::reason() const noexcept {
    return answer_->exchange->head().reason;
}

Version ClientResponse::version() const noexcept {
    return answer_->exchange->head().version;
}

const Headers& ClientResponse::headers() const noexcept {
    return answer_->exchange->head().headers;
}

const Url& ClientResponse::url() const noexcept {
    return *answer_->url;
}

const std::vector<Redirect>& ClientResponse::redirects() const noexcept {
    return answer_->redirects;
}

Source& ClientResponse::body() noexcept {
    return *answer_;
}

std::string ClientResponse::text(std::size_t most, Deadline deadline) {
    const auto too_large = [&] {
        close();
        throw ProtocolError(Fault::too_large, 502, "a response of more than " + std::to_string(most) + " bytes");
    };
    if (answer_->decoder == nullptr && length().value_or(0) > most) {
        too_large();
    }
    std::string all = std::move(answer_->kept);
    answer_->kept.clear();
    std::size_t size = all.size();
    try {
        for (std::size_t n = 1; n > 0; size += n) {
            if (size > most) {
                too_large();
            }
            if (size == all.size()) {
                all.resize(std::max<std::size_t>(4096, 2 * size));
            }
            n = answer_->recv({all.data() + size, all.size() - size}, deadline);
        }
    } catch (...) {
        all.resize(size);
        answer_->kept = std::move(all);  // it may be asked for once more
        throw;
    }
    all.resize(size);
    return all;
}

std::optional<std::uint64_t> ClientResponse::length() const noexcept {
    return answer_->exchange->body().length();
}

const Headers& ClientResponse::trailers() const noexcept {
    return answer_->exchange->body().trailers();
}

std::unique_ptr<Stream> ClientResponse::upgrade() {
    return answer_->exchange->upgrade();
}

void ClientResponse::close() noexcept {
    answer_->close();
}

Client::Client(ClientOptions options) : pool_(std::make_shared<detail::ClientPool>(std::move(options))) {}

Client::~Client() {
    pool_->close();
}

ClientResponse Client::request(const ClientRequest& request, Deadline deadline) {
    const std::shared_ptr<detail::ClientPool> pool = pool_;
    const ClientOptions& options = pool->options();
    ClientRequest current = detail::with_defaults(request, options);
    const detail::Limits limits{deadline, request.total_timeout.value_or(options.total_timeout)};
    const std::size_t most = request.redirects.value_or(options.redirects);
    std::vector<Redirect> redirects;
    for (;;) {
        std::unique_ptr<detail::ClientExchange> exchange = detail::exchanged(pool, current, limits);
        if (detail::expected_too_much(current, *exchange)) {
            continue;
        }
        std::optional<ClientRequest> next;
        if (most > 0) {
            next = detail::redirected(current, exchange->head(), options);
        }
        if (!next.has_value()) {
            auto answer = std::make_unique<detail::Answer>(std::move(exchange));
            if (current.decompress.value_or(false) && detail::is_decodable(answer->exchange->head().headers)) {
                answer->decode();
            }
            answer->url = std::move(current.url);
            answer->redirects = std::move(redirects);
            return ClientResponse(std::move(answer));
        }
        if (redirects.size() == most) {
            throw ProtocolError(Fault::too_large, 502, "more than " + std::to_string(most) + " redirects");
        }
        redirects.push_back({current.url, exchange->head().status});
        exchange->drain(deadline);
        current = *std::move(next);
    }
}

ClientResponse Client::post(const Url& url, RequestBody body, std::string_view content_type, Deadline deadline) {
    return request({.method = "POST", .url = url, .headers = {{"Content-Type", content_type}}, .body = std::move(body)},
                   deadline);
}

void Client::close_idle() noexcept {
    pool_->close_idle();
}

ClientStats Client::stats() const noexcept {
    return pool_->stats();
}

ClientResponse get(const Url& url, const ClientOptions& options, Deadline deadline) {
    return Client(options).get(url, deadline);
}

ClientResponse post(const Url& url, RequestBody body, std::string_view content_type, const ClientOptions& options,
                    Deadline deadline) {
    return Client(options).post(url, std::move(body), content_type, deadline);
}

}  // namespace tendril::http

// SPDX-License-Identifier: MIT

#include <tendril/http/client.hpp>

#include <algorithm>
#include <stdexcept>

#include <tendril/error.hpp>
#include <tendril/http/cookie_jar.hpp>

#include "base/timed_out.hpp"
#include "http/client/authenticator.hpp"
#include "http/client/client_exchange.hpp"
#include "http/client/proxy_choice.hpp"
#include "http/client/request_writer.hpp"
#include "http/message/content_decoder.hpp"
#include "http/message/rounds.hpp"
#include "http/message/spare_blocks.hpp"
#include "http/message/upstream_error.hpp"

namespace tendril::http {

namespace detail {

// A request, its response, and everything they use.
struct Answer final : Source, FromServer {
    Answer(std::shared_ptr<ClientPool> p, ClientRequest&& r) noexcept : pool(std::move(p)), request(std::move(r)) {}
    static void* operator new(std::size_t) { return SpareBlocks<sizeof(Answer), 64>::allocate(); }
    static void operator delete(void* memory) noexcept { SpareBlocks<sizeof(Answer), 64>::free(memory); }

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

    void decode(Wrapping wrapping) {
        decoder = std::make_unique<ContentDecoder>(
            wrapping, [this](Buffer buffer, Deadline deadline) { return exchange->recv(buffer, deadline); });
    }

    bool ended() const noexcept { return decoder == nullptr ? exchange->ended() : decoder->ended(); }

    // Returns: the size to which to grow a buffer that is full with `size` bytes of the body. Never the stated length
    // at once: a server must send what it makes us hold.
    std::size_t larger_than(std::size_t size) const noexcept {
        if (decoder != nullptr || !exchange->body().length().has_value()) {
            return std::max<std::size_t>(4096, 2 * size);
        }
        const auto most = std::max<std::size_t>(65536, size);
        return size + static_cast<std::size_t>(std::min<std::uint64_t>(exchange->left(), most));
    }

    const std::shared_ptr<ClientPool> pool;
    ClientRequest request;  // the last one sent, after redirects
    std::vector<Redirect> redirects;
    std::optional<ClientExchange> exchange;
    std::unique_ptr<ContentDecoder> decoder;
    AuthAttempt to_server;  // of this request, until the next redirect
    AuthAttempt to_proxy;
    std::string kept;  // read by a text() that was interrupted
};

namespace {

struct Limits {
    Deadline head;   // the caller's
    Deadline whole;  // total_timeout's
};

ClientPool::Place connected(ClientPool& pool, const ClientRequest& request, const Route& route,
                            ClientPool::Wanted wanted, Deadline deadline) {
    const ClientOptions& options = pool.options();
    try {
        ClientPool::Place place = pool.acquire(route, wanted, deadline);
        if (!place.has_connection()) {
            place.put(open_connection(request.url, route, options, pool.authenticator(), pool.session(route),
                                      std::min(deadline, Deadline(options.connect_timeout))));
        }
        return place;
    } catch (const TimeoutError& e) {
        tendril::detail::time_out_amid(e, Happened(request, "connecting"));
    }
}

// Whom to authenticate to, with a request on this route.
struct Parties {
    Parties(const ClientRequest& request, const ClientOptions& options, const Route& route)
        : server(Party::server(request, options)) {
        if (route.way == Route::Way::plain_proxy && !request.headers.contains("Proxy-Authorization")) {
            proxy = Party::of_proxy(proxy_for(request.url, options));
        }
    }
    std::optional<Party> server;
    std::optional<Party> proxy;
};

std::string field_for(Answer& answer, const std::optional<Party>& party, AuthAttempt& attempt) {
    if (!party.has_value()) {
        return {};
    }
    const ClientRequest& request = answer.request;
    return answer.pool->authenticator().field(*party, request.method, request.url.target(), attempt);
}

// Whether to send the request again, with the credentials that the server or the proxy has asked for.
bool is_challenged(Answer& answer) {
    const ResponseHead& head = answer.exchange->head();
    if (head.status != 401 && head.status != 407) {
        return false;
    }
    const ClientOptions& options = answer.pool->options();
    const Parties parties(answer.request, options, route_to(answer.request.url, options));
    const bool by_server = head.status == 401;
    const std::optional<Party>& party = by_server ? parties.server : parties.proxy;
    AuthAttempt& attempt = by_server ? answer.to_server : answer.to_proxy;
    return party.has_value() && answer.pool->authenticator().learn(*party, head.headers, attempt) &&
           !(answer.request.body.is_stream() && answer.exchange->body_begun());
}

// Sends the request and waits for the final head, on an idle connection or a new one. If an idle one turns out to be
// closed, and the request may be repeated, tries once more on a new one.
void exchange(Answer& answer, const Limits& limits) {
    ClientPool& pool = *answer.pool;
    const ClientRequest& request = answer.request;
    const ClientOptions& options = pool.options();
    const std::string cookies = options.cookies != nullptr ? options.cookies->header(request.url) : std::string();
    const Route route = route_to(request.url, options);
    const Parties parties(request, options, route);
    const bool may_repeat = options.retry && is_idempotent(request.method);
    ClientPool::Wanted wanted = may_repeat ? ClientPool::Wanted::any : ClientPool::Wanted::checked;
    for (;; wanted = ClientPool::Wanted::fresh) {
        ClientExchange& one =
            answer.exchange.emplace(connected(pool, request, route, wanted, std::min(limits.head, limits.whole)),
                                    request, options, limits.whole);
        try {
            // Made anew each time, so that no server sees one twice.
            const std::string to_server = field_for(answer, parties.server, answer.to_server);
            const std::string to_proxy = field_for(answer, parties.proxy, answer.to_proxy);
            one.run({route.way == Route::Way::plain_proxy, cookies, to_server, to_proxy}, limits.head);
            break;
        } catch (const std::system_error&) {
            if (wanted == ClientPool::Wanted::fresh || !may_repeat || !one.found_closed() ||
                (request.body.is_stream() && one.body_begun())) {
                throw;
            }
            answer.exchange.reset();
        }
    }
    const Headers& headers = answer.exchange->head().headers;
    if (parties.server.has_value()) {
        pool.authenticator().note_info(*parties.server, headers, answer.to_server);
    }
    if (parties.proxy.has_value()) {
        pool.authenticator().note_info(*parties.proxy, headers, answer.to_proxy);
    }
    if (options.cookies != nullptr) {
        options.cookies->store(request.url, headers);
    }
}

// Whether to repeat the request without its expectation, because the server answered 417: RFC 9110, 10.1.1.
bool expected_too_much(Answer& answer) noexcept {
    const bool retry =
        answer.exchange->head().status == 417 && answer.request.expect_continue && !answer.exchange->body_begun();
    answer.request.expect_continue = answer.request.expect_continue && !retry;
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
    return answer_->request.url;
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
        for (detail::Rounds rounds(deadline); size <= most && !answer_->ended();) {
            if (rounds.over()) {
                throw TimeoutError("ClientResponse::text", size);
            }
            if (size == all.size()) {
                all.resize(answer_->larger_than(size));
            }
            size += answer_->recv({all.data() + size, all.size() - size}, deadline);
        }
        if (size > most) {
            too_large();
        }
    } catch (...) {
        all.resize(size);
        answer_->kept = std::move(all);  // so that the caller may call text() again
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

ClientResponse Client::request(ClientRequest request, Deadline deadline) {
    auto answer = std::make_unique<detail::Answer>(pool_, std::move(request));
    const ClientOptions& options = answer->pool->options();
    ClientRequest& current = answer->request;
    detail::complete(current, options);
    const detail::Limits limits{deadline, current.total_timeout.value_or(options.total_timeout)};
    const std::size_t most = current.redirects.value_or(options.redirects);
    for (;;) {
        detail::exchange(*answer, limits);
        if (detail::expected_too_much(*answer)) {
            answer->exchange.reset();
            continue;
        }
        if (detail::is_challenged(*answer)) {
            answer->exchange->drain(deadline);
            answer->exchange.reset();
            continue;
        }
        const detail::ResponseHead& head = answer->exchange->head();
        std::optional<ClientRequest> next;
        if (most > 0) {
            next = detail::redirected(current, head, options);
        }
        if (!next.has_value()) {
            break;
        }
        if (answer->redirects.size() == most) {
            throw ProtocolError(Fault::too_large, 502, "more than " + std::to_string(most) + " redirects");
        }
        answer->redirects.push_back({current.url, head.status});
        answer->exchange->drain(deadline);
        answer->exchange.reset();
        current = *std::move(next);
        answer->to_server = answer->to_proxy = {};
    }
    if (current.decompress.value_or(false)) {
        if (const auto coding = detail::coding_of(answer->exchange->head().headers); coding.has_value()) {
            answer->decode(*coding);
        }
    }
    current.body = {};  // the sender keeps its own copy
    current.trailers = nullptr;
    return ClientResponse(std::move(answer));
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

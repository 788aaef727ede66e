// SPDX-License-Identifier: MIT

#include "http/request_writer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "http/chars.hpp"

namespace tendril::http {

RequestBody::RequestBody(std::string content) : content_(std::make_shared<const std::string>(std::move(content))) {}

RequestBody::RequestBody(std::shared_ptr<Source> source, std::optional<std::uint64_t> length)
    : source_(std::move(source)), length_(length) {
    if (source_ == nullptr) {
        throw std::invalid_argument("a RequestBody of a null pointer; leave it out where there is none");
    }
}

namespace detail {

namespace {

// Writes a head, and knows which fields the caller gave.
class HeadWriter {
public:
    explicit HeadWriter(const Headers& given) : given_(given) {}

    void line(std::string_view name, std::string_view value) {
        text_.append(name).append(": ").append(value) += "\r\n";
    }
    void unless_given(std::string_view name, std::string_view value) {
        if (!given_.contains(name)) {
            line(name, value);
        }
    }
    std::string& text() noexcept { return text_; }

private:
    const Headers& given_;
    std::string text_;
};

// RFC 9110, 8.6: a method that has a meaning for a body says so even when it is empty.
void write_framing(const ClientRequest& request, HeadWriter& out) {
    const std::optional<std::uint64_t> length = request.body.length();
    if (!length.has_value()) {
        out.line("Transfer-Encoding", "chunked");
    } else if (*length > 0 || request.body.is_stream() || request.method == "POST" || request.method == "PUT" ||
               request.method == "PATCH") {
        out.line("Content-Length", std::to_string(*length));
    }
}

void write_credentials(const ClientRequest& request, const ClientOptions& options, const Route& route,
                       HeadWriter& out) {
    if (!request.url.user().empty()) {
        out.unless_given("Authorization", basic_credentials(request.url.user(), request.url.password()));
    }
    if (route.through_proxy && !options.proxy->user().empty()) {
        out.unless_given("Proxy-Authorization", basic_credentials(options.proxy->user(), options.proxy->password()));
    }
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Url target_of(const ClientRequest& request, const Headers& headers) {
    try {
        if (headers.count("Location") == 1) {
            const Url to = request.url.resolve(headers.get("Location"));
            return to.has_fragment() || !request.url.has_fragment() ? to : to.resolve("#" + request.url.fragment());
        }
    } catch (const std::invalid_argument&) {  // as below
    }
    throw ProtocolError(Fault::malformed, 502, "a redirect whose Location is not one URL that can be followed");
}

void forget_body(ClientRequest& request) {
    request.body = RequestBody();
    request.trailers = nullptr;
    request.expect_continue = false;
    for (const char* name : {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Digest"}) {
        request.headers.remove(name);
    }
}

void check_request(const ClientRequest& request) {
    if (!is_token(request.method)) {
        throw std::invalid_argument("an HTTP method that is no token");
    }
    if (request.method == "CONNECT") {
        throw std::invalid_argument("CONNECT is not for requests; ClientOptions::proxy opens tunnels");
    }
    for (const char* name : {"Content-Length", "Transfer-Encoding", "Expect"}) {
        if (request.headers.contains(name)) {
            throw std::invalid_argument(std::string("the header ") + name +
                                        " is the client's to write: the body, its length and expect_continue say it");
        }
    }
    if (request.headers.count("Host") > 1) {
        throw std::invalid_argument("several Host headers");
    }
}

}  // namespace

ClientRequest with_defaults(const ClientRequest& request, const ClientOptions& options) {
    ClientRequest whole = request;
    for (const Headers::Field each : options.headers) {
        if (!request.headers.contains(each.name)) {
            whole.headers.add(each.name, each.value);
        }
    }
    if (!options.user_agent.empty() && !whole.headers.contains("User-Agent")) {
        whole.headers.add("User-Agent", options.user_agent);
    }
    if (!whole.headers.contains("Accept")) {
        whole.headers.add("Accept", "*/*");
    }
    if (!options.keep_alive && !whole.headers.contains("Connection")) {
        whole.headers.add("Connection", "close");
    }
    // What the caller accepts he decodes; and a range is of the coded content.
    whole.decompress = request.decompress.value_or(options.decompress) && !whole.headers.contains("Accept-Encoding") &&
                       !whole.headers.contains("Range");
    check_request(whole);
    return whole;
}

bool asks_for_upgrade(const ClientRequest& request) noexcept {
    return request.headers.contains("Upgrade") && request.headers.lists("Connection", "upgrade");
}

bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> safe{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::find(safe.begin(), safe.end(), method) != safe.end();
}

std::string request_head(const ClientRequest& request, const ClientOptions& options, const Route& route,
                         std::string_view cookies) {
    HeadWriter out(request.headers);
    out.text().append(request.method) += ' ';
    if (route.through_proxy) {
        out.text() += "http://" + request.url.host_header();
    }
    out.text().append(request.url.target()) += " HTTP/1.1\r\n";
    out.unless_given("Host", request.url.host_header());
    for (const Headers::Field each : request.headers) {
        out.line(each.name, each.value);
    }
    if (request.decompress.value_or(false)) {
        out.line("Accept-Encoding", "gzip, deflate");
    }
    if (!cookies.empty()) {
        out.unless_given("Cookie", cookies);
    }
    write_credentials(request, options, route, out);
    write_framing(request, out);
    if (request.expect_continue && !request.body.empty()) {
        out.line("Expect", "100-continue");
    }
    out.text() += "\r\n";
    return std::move(out.text());
}

std::optional<ClientRequest> redirected(const ClientRequest& request, const ResponseHead& head,
                                        const ClientOptions& options) {
    if (!is_redirect(head.status) || !head.headers.contains("Location")) {
        return std::nullopt;
    }
    const bool becomes_get = (head.status == 303 && request.method != "HEAD" && request.method != "GET") ||
                             (head.status <= 302 && request.method == "POST");
    if (!becomes_get && request.body.is_stream()) {
        return std::nullopt;
    }
    const Url to = target_of(request, head.headers);
    if (request.url.secure() && !to.secure() && !options.allow_downgrade) {
        throw ProtocolError(Fault::unsupported, 502, "a redirect from https to http, which is not followed");
    }
    if ((to.is_unix() && !request.url.is_unix()) ||
        to.scheme().starts_with("ws") != request.url.scheme().starts_with("ws")) {
        throw ProtocolError(Fault::unsupported, 502, "a redirect to another kind of server, which is not followed");
    }
    ClientRequest next = request;
    next.url = to;
    if (becomes_get) {
        next.method = "GET";
        forget_body(next);
    }
    if (!request.url.same_origin(to)) {
        for (const char* name : {"Authorization", "Proxy-Authorization", "Cookie", "Host"}) {
            next.headers.remove(name);
        }
    }
    return next;
}

}  // namespace detail

}  // namespace tendril::http

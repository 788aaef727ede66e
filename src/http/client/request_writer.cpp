// SPDX-License-Identifier: MIT

#include "http/client/request_writer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include <tendril/http/trace.hpp>

#include "http/message/chars.hpp"

namespace tendril::http {

RequestBody::RequestBody(std::string content) : content_(std::make_shared<const std::string>(std::move(content))) {}

RequestBody::RequestBody(std::shared_ptr<Source> source, std::optional<std::uint64_t> length)
    : source_(std::move(source)), length_(length) {
    if (source_ == nullptr) {
        throw std::invalid_argument("a RequestBody of a null pointer; leave the body out if there is none");
    }
}

namespace detail {

namespace {

void append_line(OutBuffer& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

// Appends the same text as Url::host_header().
void append_host(OutBuffer& out, const Url& url) {
    if (url.is_unix()) {
        out.append("localhost");
        return;
    }
    const bool v6 = url.host().find(':') != std::string::npos;
    out.append(v6 ? "[" : "").append(url.host()).append(v6 ? "]" : "");
    if (!url.has_default_port()) {
        out.append(":").append_number(url.port());
    }
}

void write_request_line(const ClientRequest& request, bool by_proxy, OutBuffer& out) {
    out.append(request.method).append(" ");
    if (by_proxy) {
        out.append("http://");
        append_host(out, request.url);
    }
    out.append(request.url.path());
    if (request.url.has_query()) {
        out.append("?").append(request.url.query());
    }
    out.append(" HTTP/1.1\r\n");
}

// Adds default fields; a field that the request already has is left alone.
void write_defaults(const ClientRequest& request, const ClientOptions& options, OutBuffer& out) {
    if (!options.user_agent.empty() && !request.headers.contains("User-Agent")) {
        append_line(out, "User-Agent", options.user_agent);
    }
    if (!request.headers.contains("Accept")) {
        out.append("Accept: */*\r\n");
    }
    if (const Trace* trace = options.trace ? Trace::current() : nullptr;
        trace != nullptr && !request.headers.contains("traceparent")) {
        append_line(out, "traceparent", trace->child().traceparent());
        if (!trace->state.empty() && is_field_text(trace->state) && !request.headers.contains("tracestate")) {
            append_line(out, "tracestate", trace->state);
        }
    }
    if (!options.keep_alive && !request.headers.contains("Connection")) {
        out.append("Connection: close\r\n");
    }
    if (request.decompress.value_or(false)) {
        out.append("Accept-Encoding: gzip, deflate\r\n");
    }
}

// A method that gives a body a meaning states the length of an empty body too: RFC 9110, 8.6.
void write_framing(const ClientRequest& request, OutBuffer& out) {
    const std::optional<std::uint64_t> length = request.body.length();
    if (!length.has_value()) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (*length > 0 || request.body.is_stream() || request.method == "POST" || request.method == "PUT" ||
               request.method == "PATCH") {
        out.append("Content-Length: ").append_number(*length).append("\r\n");
    }
    if (request.expect_continue && !request.body.empty()) {
        out.append("Expect: 100-continue\r\n");
    }
}

// Writes a field unless its value is empty or the request has one of its own.
void write_unless_set(const ClientRequest& request, std::string_view name, std::string_view value, OutBuffer& out) {
    if (!value.empty() && !request.headers.contains(name)) {
        append_line(out, name, value);
    }
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Encodes each "%" that encodes nothing; browsers take such a "%" literally.
std::string mended(std::string_view location) {
    std::string text;
    for (std::size_t i = 0; i < location.size(); ++i) {
        text += location[i];
        if (location[i] == '%' &&
            (location.size() - i < 3 || hex_value(location[i + 1]) < 0 || hex_value(location[i + 2]) < 0)) {
            text += "25";
        }
    }
    return text;
}

Url target_of(const ClientRequest& request, const Headers& headers) {
    try {
        const std::vector<std::string_view> said = headers.values("Location");
        if (std::all_of(said.begin(), said.end(), [&](std::string_view each) { return each == said.front(); })) {
            const Url to = request.url.resolve(mended(said.front()));
            return to.has_fragment() || !request.url.has_fragment() ? to : to.resolve("#" + request.url.fragment());
        }
    } catch (const std::invalid_argument&) {  // reported below
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

// The caller that set a field meant it for the origin that it named: an X-Api-Key is as much a password as an
// Authorization. So another origin gets only the harmless fields and those that the caller has listed; never Host.
void forget_secrets(Headers& headers, const std::vector<std::string>& allowed) {
    constexpr std::array<std::string_view, 14> harmless{"Accept",
                                                        "Accept-Charset",
                                                        "Accept-Encoding",
                                                        "Accept-Language",
                                                        "Cache-Control",
                                                        "Content-Encoding",
                                                        "Content-Disposition",
                                                        "Content-Language",
                                                        "Content-Type",
                                                        "DNT",
                                                        "Pragma",
                                                        "Range",
                                                        "Upgrade-Insecure-Requests",
                                                        "User-Agent"};
    Headers kept;
    for (const Headers::Field each : headers) {
        const auto is_this = [&](std::string_view name) { return same_ignoring_case(name, each.name); };
        if (!is_this("Host") && (std::any_of(harmless.begin(), harmless.end(), is_this) ||
                                 std::any_of(allowed.begin(), allowed.end(), is_this))) {
            kept.add(each.name, each.value);
        }
    }
    headers = std::move(kept);
}

void check_request(const ClientRequest& request) {
    if (!is_token(request.method)) {
        throw std::invalid_argument("an HTTP method that is not a token");
    }
    if (request.method == "CONNECT") {
        throw std::invalid_argument("CONNECT cannot be a request's method; ClientOptions::proxy opens tunnels");
    }
    for (const char* name : {"Content-Length", "Transfer-Encoding", "Expect"}) {
        if (request.headers.contains(name)) {
            throw std::invalid_argument(std::string("the header ") + name +
                                        " is written by the client, from the body, its length and expect_continue");
        }
    }
    if (request.headers.count("Host") > 1) {
        throw std::invalid_argument("several Host headers");
    }
}

}  // namespace

void complete(ClientRequest& request, const ClientOptions& options) {
    if (!options.headers.empty()) {
        const Headers given = request.headers;
        for (const Headers::Field each : options.headers) {
            if (!given.contains(each.name)) {  // one name may have several
                request.headers.add(each.name, each.value);
            }
        }
    }
    // A caller that sets Accept-Encoding decodes the content itself; and a range is one of the compressed content.
    request.decompress = request.decompress.value_or(options.decompress) &&
                         !request.headers.contains("Accept-Encoding") && !request.headers.contains("Range");
    check_request(request);
}

bool asks_for_upgrade(const ClientRequest& request) noexcept {
    return request.headers.contains("Upgrade") && request.headers.lists("Connection", "upgrade");
}

bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> safe{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::find(safe.begin(), safe.end(), method) != safe.end();
}

OutBuffer request_head(const ClientRequest& request, const ClientOptions& options, const SentWith& with) {
    OutBuffer out;
    write_request_line(request, with.by_proxy, out);
    if (!request.headers.contains("Host")) {
        out.append("Host: ");
        append_host(out, request.url);
        out.append("\r\n");
    }
    for (const Headers::Field each : request.headers) {
        if (with.by_proxy || !same_ignoring_case(each.name, "Proxy-Authorization")) {  // no server's business
            append_line(out, each.name, each.value);
        }
    }
    write_defaults(request, options, out);
    write_unless_set(request, "Cookie", with.cookies, out);
    write_unless_set(request, "Authorization", with.authorization, out);
    write_unless_set(request, "Proxy-Authorization", with.proxy_authorization, out);
    write_framing(request, out);
    out.append("\r\n");
    return out;
}

std::optional<ClientRequest> redirected(const ClientRequest& request, const ResponseHead& head,
                                        const ClientOptions& options) {
    // an empty Location would lead back here
    if (!is_redirect(head.status) || head.headers.get("Location").empty()) {
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
        forget_secrets(next.headers, options.cross_origin_headers);
        next.credentials.reset();
    } else if (!next.credentials.has_value() && to.user().empty() && !request.url.user().empty()) {
        next.credentials = Credentials{request.url.user(), request.url.password()};
    }
    return next;
}

}  // namespace detail

}  // namespace tendril::http

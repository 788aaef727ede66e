// SPDX-License-Identifier: MIT

#include "http/websocket/handshake.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "http/message/authority.hpp"
#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::string_view version_field = "13";

std::string base64(const unsigned char* data, std::size_t size) {
    std::string text((size + 2) / 3 * 4 + 1, '\0');  // with the zero that OpenSSL appends
    const int n = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data, static_cast<int>(size));
    text.resize(static_cast<std::size_t>(n));
    return text;
}

// Whether the text is 16 bytes in base64: RFC 6455, 4.2.1.
bool is_key(std::string_view text) noexcept {
    constexpr std::size_t digits = 22;
    return text.size() == digits + 2 && text.substr(digits) == "==" &&
           std::all_of(text.begin(), text.begin() + digits,
                       [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '/'; });
}

void check_options(const WebSocketOptions& options) {
    for (const std::string& each : options.subprotocols) {
        if (!is_token(each)) {
            throw std::invalid_argument("a WebSocket's subprotocol must be a token, like a field's name");
        }
    }
    if (!options.deflate.has_value()) {
        return;
    }
    for (const int bits : {options.deflate->server_max_window_bits, options.deflate->client_max_window_bits}) {
        if (bits < 8 || bits > 15) {
            throw std::invalid_argument("a WebSocket's window bits must be 8 to 15");
        }
    }
    if (options.deflate->level < 0 || options.deflate->level > 9) {
        throw std::invalid_argument("a WebSocket's compression level must be 0 to 9");
    }
}

// Whether both name the same host and port; a missing port is the scheme's default.
bool is_same_host(std::string_view origin, std::string_view host) noexcept {
    for (const auto& [scheme, port] : {std::pair<std::string_view, std::uint16_t>{"http://", 80},
                                       std::pair<std::string_view, std::uint16_t>{"https://", 443}}) {
        if (same_ignoring_case(origin.substr(0, scheme.size()), scheme)) {
            const std::optional<Authority> page = parse_authority(origin.substr(scheme.size()));
            const std::optional<Authority> here = parse_authority(host);
            return page.has_value() && here.has_value() && !page->host.empty() && page->kind == here->kind &&
                   same_ignoring_case(page->host, here->host) && page->port.value_or(port) == here->port.value_or(port);
        }
    }
    return false;
}

bool allows_origin(const Headers& request, const WebSocketOptions& options) {
    if (!request.contains("Origin")) {
        return true;
    }
    const std::string_view origin = request.get("Origin");
    return request.count("Origin") == 1 &&
           (options.allow_origin ? options.allow_origin(origin) : is_same_host(origin, request.get("Host")));
}

bool has_body(const Headers& request) noexcept {
    return request.contains("Transfer-Encoding") ||
           (request.contains("Content-Length") && request.get("Content-Length") != "0");
}

struct Refusal {
    int status;
    std::string_view why;
};

// Returns: why the request must be refused; nothing if it is valid. RFC 6455, 4.2.1.
std::optional<Refusal> refusal(std::string_view method, Version version, const Headers& request,
                               const WebSocketOptions& options) {
    if (method != "GET") {
        return Refusal{405, "a WebSocket's request must be a GET"};
    }
    if (version < Version::http_1_1) {
        return Refusal{400, "a WebSocket's request must be HTTP/1.1"};
    }
    if (!request.lists("Upgrade", "websocket")) {
        return Refusal{426, "not a WebSocket's request: no Upgrade: websocket"};
    }
    if (request.get("Sec-WebSocket-Version") != version_field || request.count("Sec-WebSocket-Version") != 1) {
        return Refusal{426, "a WebSocket version other than 13"};
    }
    if (!request.lists("Connection", "upgrade") || request.count("Host") != 1) {
        return Refusal{400, "a WebSocket's request without Connection: Upgrade, or without a Host"};
    }
    if (request.count("Sec-WebSocket-Key") != 1 || !is_key(request.get("Sec-WebSocket-Key"))) {
        return Refusal{400, "a WebSocket's request without a valid key"};
    }
    if (has_body(request)) {
        return Refusal{400, "a WebSocket's request with a body"};
    }
    if (!allows_origin(request, options)) {
        return Refusal{403, "a WebSocket's request from an origin that is not allowed"};
    }
    return std::nullopt;
}

// Returns: the first of `ours` that the client offers; "" if it offers none of them; nothing for a malformed list.
std::optional<std::string> choose_subprotocol(const std::string& offered, const std::vector<std::string>& ours) {
    std::size_t best = ours.size();
    std::string_view rest = offered;
    for (std::string_view each; next_in_list(rest, each);) {
        if (!is_token(each)) {
            return std::nullopt;
        }
        best = std::min(best, static_cast<std::size_t>(std::find(ours.begin(), ours.end(), each) - ours.begin()));
    }
    return best < ours.size() ? ours[best] : std::string();
}

WebSocketAnswer refused(const Refusal& refusal) {
    WebSocketAnswer answer{.status = refusal.status, .why = refusal.why, .headers = {}, .agreement = {}};
    if (refusal.status == 405) {
        answer.headers.add("Allow", "GET");
    } else if (refusal.status == 426) {
        answer.headers.add("Upgrade", "websocket");
        answer.headers.add("Connection", "Upgrade");
        answer.headers.add("Sec-WebSocket-Version", version_field);
    }
    return answer;
}

[[noreturn]] void refuse_answer(const char* how) {
    throw ProtocolError(Fault::malformed, 502, how);
}

}  // namespace

std::string websocket_accept(std::string_view key) {
    constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const std::string text = std::string(key).append(guid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1) {
        throw std::system_error(EIO, std::generic_category(), "OpenSSL has no SHA-1");
    }
    return base64(digest.data(), size);
}

WebSocketAnswer answer_websocket(std::string_view method, Version version, const Headers& request,
                                 const WebSocketOptions& options) {
    check_options(options);
    if (const std::optional<Refusal> wrong = refusal(method, version, request, options); wrong.has_value()) {
        return refused(*wrong);
    }
    std::optional<std::string> subprotocol =
        choose_subprotocol(request.joined("Sec-WebSocket-Protocol"), options.subprotocols);
    const std::string list = request.joined("Sec-WebSocket-Extensions");
    const std::optional<std::vector<Extension>> offers = parse_extensions(list);
    if (!subprotocol.has_value() || !offers.has_value()) {
        return refused({400, "a WebSocket's request with a malformed list"});
    }
    WebSocketAnswer answer;
    answer.headers.add("Upgrade", "websocket");
    answer.headers.add("Connection", "Upgrade");
    answer.headers.add("Sec-WebSocket-Accept", websocket_accept(request.get("Sec-WebSocket-Key")));
    if (!subprotocol->empty()) {
        answer.headers.add("Sec-WebSocket-Protocol", *subprotocol);
        answer.agreement.subprotocol = *std::move(subprotocol);
    }
    if (options.deflate.has_value()) {
        if (const auto accepted = accept_deflate(*offers, *options.deflate); accepted.has_value()) {
            answer.headers.add("Sec-WebSocket-Extensions", accepted->answer);
            answer.agreement.deflate = accepted->agreed;
        }
    }
    return answer;
}

WebSocketRequest make_websocket_request(std::string_view host, const WebSocketOptions& options) {
    check_options(options);
    std::array<unsigned char, 16> random;
    if (::RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        throw std::system_error(EIO, std::generic_category(), "a WebSocket got no random bytes");
    }
    WebSocketRequest request{.key = base64(random.data(), random.size()), .headers = options.headers};
    request.headers.set("Host", host);
    request.headers.set("Upgrade", "websocket");
    request.headers.set("Connection", "Upgrade");
    request.headers.set("Sec-WebSocket-Version", version_field);
    request.headers.set("Sec-WebSocket-Key", request.key);
    std::string subprotocols;
    for (const std::string& each : options.subprotocols) {
        subprotocols.append(subprotocols.empty() ? "" : ", ").append(each);
    }
    if (!subprotocols.empty()) {
        request.headers.set("Sec-WebSocket-Protocol", subprotocols);
    }
    if (options.deflate.has_value()) {
        request.headers.set("Sec-WebSocket-Extensions", offer_deflate(*options.deflate));
    }
    return request;
}

WebSocketAgreement check_websocket_answer(int status, const Headers& response, const WebSocketRequest& request,
                                          const WebSocketOptions& options) {
    if (status != 101) {
        throw WebSocketRefused(status);
    }
    if (!response.lists("Upgrade", "websocket") || !response.lists("Connection", "upgrade")) {
        refuse_answer("a server switched to a protocol other than WebSocket");
    }
    if (response.count("Sec-WebSocket-Accept") != 1 ||
        response.get("Sec-WebSocket-Accept") != websocket_accept(request.key)) {
        refuse_answer("a server's Sec-WebSocket-Accept does not match this WebSocket's key");
    }
    WebSocketAgreement agreement;
    if (response.contains("Sec-WebSocket-Protocol")) {
        agreement.subprotocol = response.get("Sec-WebSocket-Protocol");
        if (response.count("Sec-WebSocket-Protocol") != 1 ||
            std::find(options.subprotocols.begin(), options.subprotocols.end(), agreement.subprotocol) ==
                options.subprotocols.end()) {
            refuse_answer("a server chose a WebSocket subprotocol that was not offered");
        }
    }
    const std::string list = response.joined("Sec-WebSocket-Extensions");
    const auto extensions = parse_extensions(list);
    if (extensions.has_value() && extensions->size() == 1 && options.deflate.has_value()) {
        agreement.deflate = agree_on_deflate(extensions->front(), *options.deflate);
    }
    if (!extensions.has_value() || (!extensions->empty() && !agreement.deflate.has_value())) {
        refuse_answer("a server chose a WebSocket extension that was not offered in that form");
    }
    return agreement;
}

}  // namespace tendril::http::detail

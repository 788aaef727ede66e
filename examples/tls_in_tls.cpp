// SPDX-License-Identifier: MIT
//
// TLS over another stream than a TCP socket: here inside TLS, as https goes through a proxy that speaks TLS itself. A
// key that both sides know from elsewhere stands for the certificates.

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/tls.hpp>
#include <tendril/tls_stream.hpp>

tendril::TlsContext client_with(const std::string& key) {
    tendril::TlsOptions options{.verify = tendril::TlsVerify::none};  // so only a server that knows the key is accepted
    options.psk = [key](std::string_view) { return tendril::TlsPsk{"example", key}; };
    return options;
}

tendril::TlsContext server_with(const std::string& key) {
    tendril::TlsOptions options{.server_side = true};
    options.psk_by_identity = [key](std::string_view identity) {
        return identity == "example" ? std::optional(key) : std::nullopt;
    };
    return options;
}

int main() {
    auto [near, far] = tendril::TcpSocket::pair();
    auto serving = tendril::spawn([socket = std::move(far)]() mutable {
        tendril::TlsSocket outer = tendril::wrap_ssl(std::move(socket), server_with("the proxy's"));
        tendril::TlsStream inner = tendril::wrap_ssl(std::move(outer), server_with("the origin's"));
        char buffer[100];
        while (const std::size_t n = inner.recv(buffer)) {
            inner.send_all({buffer, n});
        }
        std::puts("the server has read the end");
    });

    tendril::TlsSocket outer = tendril::wrap_ssl(std::move(near), client_with("the proxy's"));
    tendril::TlsStream inner = tendril::wrap_ssl(std::move(outer), client_with("the origin's"));
    inner.send_all("hello");
    std::string answer(5, '\0');
    inner.recv_exactly(answer);
    std::printf("%s, by %s\n", answer.c_str(), inner.version().c_str());
    inner.close();
    serving.join();
}

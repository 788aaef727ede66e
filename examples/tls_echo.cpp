// SPDX-License-Identifier: MIT
//
// An echo server that speaks TLS, and its client. The certificate is for localhost and self-signed, so the client
// trusts only that one. Its key is in this file, so it keeps no secret. With an address (127.0.0.1:7000) the server
// serves there.

#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/server.hpp>
#include <tendril/tls.hpp>

constexpr const char* identity = R"(-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUDF3CFo5w5we9Y2tKXx5Dj5UwO10wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTA2MzExOFoYDzIxMjYxMTAx
MDYzMTE4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASg1fmq+Ff6sJeoZ3xTioP88CFFsC4h9w45LuWlPflsV/mkTD4G5uIc
c/4OSYmbn0KsTL/PLsyO3cFGFwL419bPo2kwZzAdBgNVHQ4EFgQUF8LQaSyM334e
nFEVUbjOgIQC/1cwHwYDVR0jBBgwFoAUF8LQaSyM334enFEVUbjOgIQC/1cwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgT6ojcWghNJ6TGohYX1ts1I9ZKpUbjrwsRHhLloiUwj0CIB/C2fex6Rk9
d5wmC7HxSaI2weFAV9vK7b2xj/NI9qFT
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbnY7aRJgZFzpvRd+
WQgpBFfGJr+byCL/T1U8mSOiuTGhRANCAASg1fmq+Ff6sJeoZ3xTioP88CFFsC4h
9w45LuWlPflsV/mkTD4G5uIcc/4OSYmbn0KsTL/PLsyO3cFGFwL419bP
-----END PRIVATE KEY-----
)";

void echo(tendril::TlsSocket& client) {  // the handshake is complete
    char buffer[4096];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

int main(int argc, char** argv) {
    const tendril::TlsContext ours({.server_side = true, .certificate = identity});
    tendril::TlsListener listener = tendril::wrap_ssl(tendril::listen(argc > 1 ? argv[1] : "127.0.0.1:0"), ours);
    auto server = tendril::spawn([&] { tendril::serve(listener, echo); });
    if (argc > 1) {
        server.join();
    }
    const tendril::TlsContext trusting({.ca_file = identity});
    tendril::TlsSocket socket =
        tendril::wrap_ssl(tendril::connect(listener.address()), trusting, {.server_name = "localhost"});
    socket.send_all("hello");
    std::string answer(5, '\0');
    socket.recv_exactly(answer);
    std::printf("%s, by %s\n", answer.c_str(), socket.version().c_str());
    try {  // a client that trusts the system's authorities does not trust it
        tendril::wrap_ssl(tendril::connect(listener.address()), {}, {.server_name = "localhost"});
    } catch (const tendril::TlsError& e) {
        std::printf("%s\n", e.what());
    }
    socket.close();
    server.kill();
}

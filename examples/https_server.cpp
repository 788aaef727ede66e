// SPDX-License-Identifier: MIT
//
// HTTPS: the same handler behind TLS, and a client that trusts its certificate. The certificate is for localhost and
// self-signed, and its key is in this file, so it keeps no secret. With an address it serves there:
//
//     example_https_server 127.0.0.1:8443
//     curl -k https://localhost:8443/hello

#include <cstdio>
#include <string>

#include <tendril/http/client.hpp>
#include <tendril/http/router.hpp>
#include <tendril/tls.hpp>

using namespace tendril;

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

int main(int argc, char** argv) {
    http::Router router;
    router.add("GET", "/hello", [](http::Request& request, http::Response& response) {
        response.send(request.is_secure() ? "hello, in secret\n" : "hello, everybody\n", "text/plain");
    });

    const TlsContext ours({.server_side = true, .certificate = identity});  // a path, or the text itself
    http::Server server(wrap_ssl(listen(argc > 1 ? argv[1] : "127.0.0.1:0"), ours), router);
    if (argc > 1) {
        server.serve_forever();
    }
    server.start();

    http::ClientOptions options;
    options.tls = TlsContext({.ca_file = identity});  // trusts this one certificate, and no authority
    http::Client client(options);
    const std::string url = "https://localhost:" + std::to_string(server.address().port()) + "/hello";
    http::ClientResponse answer = client.get(url);
    std::printf("%d %s", answer.status(), answer.text().c_str());

    try {
        http::get(url);  // trusts the system's authorities, as it should
    } catch (const std::exception& error) {
        std::puts(error.what());
    }
    client.close_idle();
    server.stop();
}

// SPDX-License-Identifier: MIT
//
// A TLS client by OpenSSL alone, for what tendril's never does: it resumes any session it is given, asks for key
// updates and new handshakes, breaks records. It waits as its socket does.

#pragma once

#include <memory>
#include <string>

#include <tendril/socket.hpp>

namespace tendril::testing {

class RawTlsClient {
public:
    struct Options {
        std::string server_name = "localhost";
        bool tls_1_2 = false;
        std::string session = {};  // as session() returned it
    };
    RawTlsClient(TcpSocket socket, const Options& options);
    RawTlsClient(const RawTlsClient&) = delete;
    RawTlsClient& operator=(const RawTlsClient&) = delete;
    ~RawTlsClient();

    // Throw std::runtime_error with OpenSSL's reason, and what the socket throws.
    void handshake();
    void send(const std::string& text);
    std::string recv(std::size_t at_most = 100);  // empty: the end

    std::string hello();                          // the first bytes of a handshake, not sent
    std::string record(const std::string& text);  // encrypted, not sent
    std::string key_update(bool answer);          // the record that announces one, not sent
    void renegotiate();                           // TLS 1.2

    bool resumed() const;
    std::string session() const;  // the newest
    TcpSocket& socket() noexcept { return socket_; }

private:
    struct Parts;
    template <class Step>
    int drive(Step step);
    std::string taken();
    void flush();

    TcpSocket socket_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace tendril::testing

// SPDX-License-Identifier: MIT
//
// TlsSetup: the options of a client and a server, which connect_both() makes the handshake between.

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"

namespace tendril::testing {

struct TlsPair {
    TlsSocket client, server;
    std::exception_ptr client_error, server_error;
};

struct TlsSetup {
    TlsOptions client{.ca_file = authority().certificate()};
    TlsOptions server{.server_side = true, .certificate = server_identity().certificate, .key = server_identity().key};
    WrapOptions options{.server_name = "localhost"};

    // Makes the handshake; the errors of the two sides are in the result.
    TlsPair connect_both() const { return connect_both(TlsContext(client), TlsContext(server)); }
    TlsPair connect_both(const TlsContext& client_context, const TlsContext& server_context) const {
        auto [a, b] = TcpSocket::pair();
        TlsPair pair;
        auto serving = spawn([&, socket = std::move(b)]() mutable {
            try {
                pair.server = wrap_ssl(std::move(socket), server_context, {}, std::chrono::seconds(20));
            } catch (const std::exception&) {
                pair.server_error = std::current_exception();
            }
        });
        try {
            pair.client = wrap_ssl(std::move(a), client_context, options, std::chrono::seconds(20));
        } catch (const std::exception&) {
            pair.client_error = std::current_exception();
        }
        serving.join();
        return pair;
    }
    // The same, and a byte each way: the client's error may only come then.
    TlsPair talk() const {
        TlsPair pair = connect_both();
        exchange(pair);
        return pair;
    }
    static void exchange(TlsPair& pair) {
        if (pair.client_error != nullptr || pair.server_error != nullptr) {
            return;
        }
        char byte = 0;
        pair.client.send_all("x", std::chrono::seconds(20));
        EXPECT_EQ(pair.server.recv({&byte, 1}, std::chrono::seconds(20)), 1u);
        pair.server.send_all("x", std::chrono::seconds(20));
        EXPECT_EQ(pair.client.recv({&byte, 1}, std::chrono::seconds(20)), 1u);
    }
};

inline std::error_code code_of(const std::exception_ptr& error) {
    try {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
    } catch (const std::system_error& e) {
        return e.code();
    } catch (const std::exception&) {
    }
    return {};
}

inline std::string text_of(const std::exception_ptr& error) {
    try {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
    } catch (const std::exception& e) {
        return e.what();
    }
    return "no error";
}

}  // namespace tendril::testing

// SPDX-License-Identifier: MIT
//
// TlsLink: a connection's SSL, without what carries its bytes: it is made ready for its side, its failures become
// exceptions, and its results can be asked for. TlsState (over a TCP socket), TlsStreamState (over a Stream) and
// TlsMachineState (over the caller's memory) derive from it and give it a BIO.

#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

#include <tendril/tls_connection.hpp>

#include "net/tls_context.hpp"

namespace tendril::detail {

// Resuming a session does not verify the peer again. So it is used only for the server name and with the trust that its
// own handshake verified.
struct TlsSessionState {
    std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> session;
    std::string server_name;
    std::string trust;

    bool is_for(const std::string& name, const TlsContextState& context) const {
        return server_name == name && trust == context.trust;
    }
};

class TlsLink {
public:
    TlsLink(const TlsLink&) = delete;
    TlsLink& operator=(const TlsLink&) = delete;

    SSL* ssl() const noexcept { return ssl_.get(); }
    bool handshaken() const noexcept { return handshaken_; }
    bool server_side() const noexcept { return context_->options.server_side; }
    TlsSession session() const;

    // For a TLS stream whose own Stream is TLS too. A send that an interrupt breaks off after it has begun a record
    // notes here how many bytes that record takes, which the next call sends; the Interrupt itself cannot say it.
    // note_kept() is called right before the throw. take_kept() is called before the send, and where the Interrupt is
    // caught; it returns what this green thread has noted.
    static void note_kept(std::size_t bytes) noexcept;
    static std::size_t take_kept() noexcept;

protected:
    // Throws: std::invalid_argument for options that a client cannot use; TlsError.
    TlsLink(const TlsContext& context, const WrapOptions& options);
    ~TlsLink() = default;

    // Whether a step failed because the peer's bytes ended without close_notify. Reads OpenSSL's queue of errors.
    bool is_ragged_end(int why) const noexcept;

    // Throws the error of a step for which SSL_get_error() returned `why`, and empties OpenSSL's queue of errors.
    [[noreturn]] void throw_failure(int why, const std::string& text);

    // Prepares the request for a client's certificate; SSL_do_handshake() then sends it. Throws: TlsError; nothing has
    // changed then.
    void prepare_request();

    // Called after SSL_do_handshake() has succeeded. Sets handshaken_. Throws: what a user's callback has thrown;
    // TlsError for a client with a pre-shared key that the server does not know. The connection is then unusable.
    void finish_handshake();

    std::shared_ptr<const TlsContextState> context_;
    TlsLeft left_;
    std::string server_name_;  // in its normal form
    std::unique_ptr<SSL, FreeBy<SSL_free>> ssl_;
    bool handshaken_ = false;

private:
    void prepare_client(const WrapOptions& options);
};

}  // namespace tendril::detail

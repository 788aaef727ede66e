// SPDX-License-Identifier: MIT
// Floor: net
//
// TlsMachine: TLS without input and output: the caller carries the bytes between it and the peer. For protocols that
// wrap TLS in messages of their own (TDS, EAP, SMTP's and AMQP's test peers), for tests, and for event loops of others.
//
//     TlsMachine tls(context, {.server_name = "example.org"});
//     while (!tls.handshake()) {
//         carry(tls);           send tls.outgoing(), tls.sent(n); receive bytes, tls.feed(bytes)
//     }
//     carry(tls);
//
// For TLS over a Stream take TlsStream (tls_stream.hpp), which does the carrying. Nothing here waits or yields, so a
// kill never comes in between. What a peer can make it hold is bounded: 18 KiB of input, 128 KiB of output; feed() and
// send() then take less, or nothing. Errors of TLS are TlsError; after one, what is outgoing (an alert that tells the
// peer why) may still be sent, and all other calls fail. It belongs to the OS thread that made it. One that was moved
// from takes and has no bytes; its other calls throw EBADF.

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <tendril/bytes.hpp>
#include <tendril/tls_connection.hpp>
#include <tendril/tls_context.hpp>

namespace tendril {

namespace detail {
class TlsMachineState;
}

// tls_connection.hpp has the results of its handshake: version(), peer_certificate() and so on.
class TlsMachine final : public TlsConnection {
public:
    // Makes the side that the context says. handshake_on_connect has no meaning here.
    // Throws: std::invalid_argument as wrap_ssl() does; TlsError.
    explicit TlsMachine(const TlsContext& context = {}, const WrapOptions& options = {});
    TlsMachine(TlsMachine&&) noexcept;
    TlsMachine& operator=(TlsMachine&&) noexcept;
    ~TlsMachine();

    // ---- The encrypted side

    // Takes bytes that came from the peer. Returns: how many; fewer than all, also 0, if it holds enough to go on with:
    // handshake() or recv() must have their turn first.
    std::size_t feed(Bytes bytes) noexcept;

    // Says that the peer's stream has ended. Without the peer's end record before, recv() then throws, unless
    // WrapOptions::suppress_ragged_eofs was set.
    void feed_end() noexcept;

    // Returns the bytes for the peer, which stay here until sent() says that the first `size` of them are on their way.
    // They move with every other call. Requires: size <= outgoing().size().
    Bytes outgoing() const noexcept;
    void sent(std::size_t size) noexcept;

    // ---- The clear side

    // Goes on with the handshake. Returns: whether it has ended; else the peer's answer must come first, or the
    // outgoing bytes must go.
    bool handshake();

    // Decrypts. Returns: the number of bytes; 0 at the end of the peer's stream (or for an empty buffer); nothing if
    // more bytes must come from the peer, or outgoing ones must go. Makes the handshake first.
    std::optional<std::size_t> recv(Buffer buffer);

    // Encrypts as much as fits. Returns: how many bytes it took; nothing if the handshake goes on, or the outgoing
    // bytes must go first. Throws: std::system_error EPIPE after shutdown().
    std::optional<std::size_t> send(Bytes bytes);

    // Makes the end record, so that the peer reads the end of the stream; idempotent. Data may still be received.
    // Returns: whether it is made; if not, the handshake or outgoing bytes are in the way. Throws: TlsError.
    bool shutdown();

    std::size_t pending() const noexcept;  // how many bytes are decrypted already

    // Returns and removes the bytes that were fed and follow the peer's end record: they are no TLS.
    // Requires: recv() has returned 0.
    std::string leftover();

private:
    std::shared_ptr<const detail::TlsLink> link() const noexcept override;
    std::shared_ptr<detail::TlsMachineState> state_;
};

}  // namespace tendril

// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Connection: one connection to a broker, with its login. Not recovered; client.hpp has what is.
//
//     Connection connection = amqp::connect("amqp://localhost", {.heartbeat = 30s}, 5s);
//     Channel channel = connection.open_channel();
//
// It has a reader and a writer, two green threads of its own: no caller ever touches the socket, so a kill never cuts a
// frame. Heartbeats go on whatever the program's green threads wait for; a green thread that computes for longer than
// two intervals without a wait holds them up, as everything else in its hub.
// It belongs to the hub's OS thread that made it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tendril/amqp/channel.hpp>
#include <tendril/amqp/table.hpp>
#include <tendril/amqp/url.hpp>
#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>
#include <tendril/stream.hpp>
#include <tendril/tls_context.hpp>

namespace tendril::amqp {

namespace detail {
class ConnectionCore;
struct ConnectionMaker;
}  // namespace detail

// Options of a Connection.
struct ConnectionOptions {
    std::string name = {};  // for the broker's lists (connection_name)

    // The smaller of ours and the broker's is taken; 0: none, which only a URL or these may ask for. A broker that is
    // silent for two intervals is lost.
    std::optional<Duration> heartbeat = {};  // 60 s, unless the URL says otherwise
    std::uint16_t channel_max = 2047;
    std::uint32_t frame_max = 128 * 1024;  // at least 8192

    std::size_t max_message = std::size_t{128} * 1024 * 1024;  // a larger one that comes is given back, not taken
    std::size_t send_buffer = std::size_t{1024} * 1024;        // over which publishers wait

    // Login; PLAIN with the URL's user and password, unless the URL says auth_mechanism=external.
    bool external = false;

    // For amqps. Nothing: one made of what the URL says (cacertfile, certfile, keyfile, verify).
    std::optional<TlsContext> tls = {};

    Table client_properties = {};  // added to ours
};

class Connection {
public:
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();  // does not wait: what was appended is lost unless the socket takes it at once; call close()

    // Yields: until the broker answers; while channel_max are open until one is free. Throws: TimeoutError; Interrupt;
    // what ended the connection; WrongThread.
    Channel open_channel(Deadline deadline = never);

    // Sends what was appended, says goodbye, and waits for the broker's until the deadline; then the connection ends in
    // any case. Idempotent. Throws: Interrupt (it ends all the same).
    void close(Deadline deadline = never);
    bool is_open() const noexcept;

    bool blocked() const noexcept;                       // the broker takes no messages just now
    const std::string& blocked_reason() const noexcept;  // the broker's words while blocked(); else empty

    // A new secret for a login that runs out (connection.update-secret).
    void update_secret(std::string_view secret, std::string_view reason, Deadline deadline = never);

    const Table& server_properties() const noexcept;  // what the broker says of itself at the start
    Duration heartbeat() const noexcept;              // as agreed on; zero: none
    std::uint32_t frame_max() const noexcept;         // the longest frame, in bytes, that both sides take
    std::uint16_t channel_max() const noexcept;       // how many channels there may be, as both sides agreed

private:
    friend struct detail::ConnectionMaker;
    explicit Connection(std::shared_ptr<detail::ConnectionCore> core) noexcept;
    std::shared_ptr<detail::ConnectionCore> core_;
};

// Connects to one of the hosts, any order, and logs in. The URL's connection_timeout holds besides the deadline.
// Throws: AuthError; ConnectionError (530: no such vhost); ProtocolError: the server speaks another protocol or
// version, the text says which; TimeoutError; TlsError; std::system_error of the last host; Interrupt.
Connection connect(const Url& url, const ConnectionOptions& options = {}, Deadline deadline = never);

// Over a stream of yours that is connected already.
Connection connect_over(std::shared_ptr<Stream> stream, const Url& url, const ConnectionOptions& options = {},
                        Deadline deadline = never);

}  // namespace tendril::amqp

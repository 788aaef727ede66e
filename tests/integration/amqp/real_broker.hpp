// SPDX-License-Identifier: MIT
//
// RealBroker: the RabbitMQ that the tests of one process share; tests/support/servers/broker.py starts it on loopback
// before the first of them. Where RabbitMQ is not installed the process ends with status 77: ctest calls that skipped.
//
// Its calls that wait let other green threads run. One at a time.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::amqp::testing {

class RealBroker {
public:
    static RealBroker& get();

    std::uint16_t port() const noexcept { return port_; }
    std::uint16_t tls_port() const noexcept { return tls_port_; }
    std::string file(std::string_view name) const;  // ca.crt, client.crt, client.key
    std::string url() const;                        // amqp://127.0.0.1:port

    void kill() { order("kill"); }        // SIGKILL
    void start() { order("start"); }      // after kill(): waits until it answers
    void pause() { order("pause"); }      // SIGSTOP
    void resume() { order("continue"); }  // SIGCONT
    std::string evaluate(std::string_view erlang) { return order("erl " + std::string(erlang)); }

    // While it lives the broker is low on memory: it blocks connections that publish.
    class LowMemory {
    public:
        LowMemory();
        LowMemory(const LowMemory&) = delete;
        LowMemory& operator=(const LowMemory&) = delete;
        ~LowMemory() { end(); }
        void end();

    private:
        static void set_watermark(std::string_view value);

        bool ended_ = false;
    };

private:
    RealBroker();
    // Returns what it answers. Throws: std::runtime_error.
    std::string order(std::string_view line);

    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    std::string folder_;
    int to_ = -1;
    int from_ = -1;
};

}  // namespace tendril::amqp::testing

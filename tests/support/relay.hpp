// SPDX-License-Identifier: MIT
//
// Relay: a wire between clients and a server on loopback, which a test can cut, stall and reset. The client connects to
// port(); each connection has two green threads that copy, until either side ends or the Relay does.

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <system_error>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/socket.hpp>
#include <tendril/socket_options.hpp>

namespace tendril::testing {

class Relay {
public:
    explicit Relay(std::uint16_t to) : to_(to), listener_(listen("127.0.0.1:0")) {
        flowing_.set();
        accepting_ = spawn([this] { accept_all(); });
    }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay() {
        accepting_.kill();
        group_.kill();
    }

    std::uint16_t port() const { return listener_.address().port(); }
    std::size_t connections() const noexcept { return wires_.size(); }

    // Resets all connections; new ones are taken.
    void reset() { end_all(true); }
    // Ends all connections in order, by FIN.
    void cut() { end_all(false); }
    // Nothing is read any more, in either direction, of those that are and those that come; then it goes on.
    void stall() { flowing_.clear(); }
    void go_on() { flowing_.set(); }
    // Lets this number of bytes through, of all connections together, and resets the one that would have more.
    void reset_after(std::size_t to_server, std::size_t to_client = SIZE_MAX) {
        left_[0] = to_server;
        left_[1] = to_client;
    }
    // Refuses connections by a reset as soon as they are made, or takes them again.
    void refuse(bool yes) noexcept { refuses_ = yes; }

private:
    struct Wire {
        TcpSocket client;
        TcpSocket server;

        void end(bool by_reset) {
            for (TcpSocket* each : {&client, &server}) {
                if (by_reset && each->is_open()) {
                    each->set(option::linger, std::chrono::seconds(0));
                }
                each->close();
            }
        }
    };

    void accept_all() {
        for (;;) {
            TcpSocket client = listener_.accept();
            try {
                if (refuses_) {
                    client.set(option::linger, std::chrono::seconds(0));
                    continue;
                }
                auto wire = std::make_shared<Wire>();
                wire->server = connect("127.0.0.1", to_);
                wire->client = std::move(client);
                for (TcpSocket* each : {&wire->client, &wire->server}) {
                    each->set(option::no_delay, true);
                }
                wires_.push_back(wire);
                group_.spawn_n([this, wire] { copy(*wire, wire->client, wire->server, left_[0]); });
                group_.spawn_n([this, wire] { copy(*wire, wire->server, wire->client, left_[1]); });
            } catch (const std::system_error&) {
                continue;  // the server is not there: the client sees an end
            }
        }
    }

    void copy(Wire& wire, TcpSocket& from, TcpSocket& to, std::size_t& left) {
        std::array<std::byte, 16384> buffer;
        try {
            for (;;) {
                from.await_data();
                flowing_.wait();
                const std::size_t n = from.recv(buffer);
                if (n == 0) {
                    break;
                }
                const std::size_t passed = std::min(n, left);
                to.send_all({buffer.data(), passed});
                if (left != SIZE_MAX) {
                    left -= passed;
                }
                if (passed < n) {
                    wire.end(true);
                }
            }
        } catch (const std::system_error&) {  // either side went
        }
        wire.end(false);
        std::erase_if(wires_, [&](const auto& each) { return each.get() == &wire; });
    }

    void end_all(bool by_reset) {
        const auto all = wires_;
        for (const auto& wire : all) {
            wire->end(by_reset);
        }
    }

    std::uint16_t to_;
    Listener listener_;
    Event flowing_;
    bool refuses_ = false;
    std::array<std::size_t, 2> left_{SIZE_MAX, SIZE_MAX};
    std::list<std::shared_ptr<Wire>> wires_;
    Group group_;
    Greenlet<void> accepting_;
};

}  // namespace tendril::testing

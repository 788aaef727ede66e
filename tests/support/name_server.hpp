// SPDX-License-Identifier: MIT
//
// A DNS server for tests, in green threads: over UDP and TCP, on one port of 127.0.0.1. It answers as its rule says:
// with addresses, late, never, cut off, or as a forger would.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/server.hpp>
#include <tendril/udp_socket.hpp>

namespace tendril::testing {

struct Question {
    std::string name;  // in lower case
    int type = 0;      // 1: A, 28: AAAA, 12: PTR
    bool tcp = false;
};

inline std::string two(unsigned n) {
    return {static_cast<char>(n >> 8 & 255), static_cast<char>(n & 255)};
}

// Returns a name as the DNS transmits it: "\1a\4test\0".
inline std::string wire_name(const std::string& name) {
    std::string wire;
    for (std::size_t from = 0; from < name.size();) {
        const std::size_t dot = std::min(name.find('.', from), name.size());
        wire += static_cast<char>(dot - from) + name.substr(from, dot - from);
        from = dot + 1;
    }
    return wire + '\0';
}

// A record of any type and owner.
struct Record {
    std::string name;
    int type = 0;
    std::string data;  // as the DNS transmits it
    unsigned ttl = 60;
};

struct Answer {
    std::vector<std::string> addresses;  // of the requested type; for PTR, names
    std::vector<Record> records;         // after them
    std::vector<Record> authorities;
    std::string raw;    // in place of everything but the id, if not empty
    unsigned ttl = 60;  // of the addresses
    int code = 0;       // 2: failure, 3: no such name, 5: refused
    bool silent = false;
    bool truncated = false;
    std::chrono::nanoseconds delay{0};
    std::vector<std::string> forged;  // sent before the answer: "id", "question", "port", "garbage", "empty"
};

class NameServer {
public:
    explicit NameServer(std::function<Answer(const Question&)> rule) : rule_(std::move(rule)) {
        while (!tcp_.is_open()) {  // a port that is free for both
            udp_ = UdpSocket::bound("127.0.0.1:0");
            try {
                tcp_ = listen(udp_.local_address());
            } catch (const std::system_error&) {
            }
        }
        running_.spawn([this] { serve_udp(); });
        running_.spawn([this] {
            serve(tcp_, [this](TcpSocket& client) {
                try {
                    answer_stream(client);
                } catch (const std::system_error&) {  // the client has left
                }
            });
        });
    }
    ~NameServer() { running_.kill(); }

    std::string address() const { return udp_.local_address().to_string(); }
    int asked = 0;  // by UDP
    Address asker;  // by UDP, the last one
    Address tcp_asker;

private:
    static std::uint16_t number(const std::string& s, std::size_t at) {
        return static_cast<std::uint16_t>(static_cast<unsigned char>(s[at]) * 256 +
                                          static_cast<unsigned char>(s[at + 1]));
    }

    static Question read(const std::string& packet, std::size_t& end) {
        Question question;
        std::size_t at = 12;
        while (packet.at(at) != 0) {
            const auto size = static_cast<std::size_t>(packet[at]);
            question.name += (question.name.empty() ? "" : ".") + packet.substr(at + 1, size);
            at += 1 + size;
        }
        question.type = number(packet, at + 1);
        end = at + 5;
        for (char& c : question.name) {
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        return question;
    }

    static std::string data_of(const std::string& value, int type) {
        if (type == 12) {
            return wire_name(value);
        }
        const Address address = Address::ip(value, 0);
        const auto* raw = reinterpret_cast<const char*>(address.raw());
        return type == 1 ? std::string(raw + 4, 4) : std::string(raw + 8, 16);
    }

    static void append(std::string& packet, const Record& record) {
        packet += wire_name(record.name) + two(static_cast<unsigned>(record.type)) + two(1) + two(record.ttl >> 16) +
                  two(record.ttl & 0xffff) + two(static_cast<unsigned>(record.data.size())) + record.data;
    }

    static std::string reply(const std::string& query, const Answer& answer, bool tcp) {
        std::size_t end = 0;
        const Question question = read(query, end);
        const bool cut = answer.truncated && !tcp;
        if (!answer.raw.empty()) {
            return query.substr(0, 2) + answer.raw;
        }
        const std::size_t count = cut ? 0 : answer.addresses.size();
        const std::size_t records = cut ? 0 : answer.records.size();
        std::string packet =
            query.substr(0, 2) + two(0x8180u | (cut ? 0x200u : 0u) | static_cast<unsigned>(answer.code)) + two(1) +
            two(static_cast<unsigned>(count + records)) + two(static_cast<unsigned>(answer.authorities.size())) +
            two(0) + query.substr(12, end - 12);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string data = data_of(answer.addresses[i], question.type);
            packet += two(0xc00c) + two(static_cast<unsigned>(question.type)) + two(1) + two(answer.ttl >> 16) +
                      two(answer.ttl & 0xffff) + two(static_cast<unsigned>(data.size())) + data;
        }
        for (std::size_t i = 0; i < records; ++i) {
            append(packet, answer.records[i]);
        }
        for (const Record& each : answer.authorities) {
            append(packet, each);
        }
        return packet;
    }

    void forge(const std::string& how, const std::string& query, const Address& to) {
        Answer bad;
        bad.addresses = {"6.6.6.6"};
        std::string packet = reply(query, bad, false);
        if (how == "id") {
            packet[0] = static_cast<char>(packet[0] ^ 1);
        } else if (how == "question") {
            packet[13] = packet[13] == 'x' ? 'y' : 'x';
        } else if (how == "empty") {
            packet.clear();
        } else if (how == "garbage") {
            packet = query.substr(0, 2) + "garbage";
        }
        if (how == "port") {
            UdpSocket other = UdpSocket::bound("127.0.0.1:0");
            other.send_to(packet, to);
        } else {
            udp_.send_to(packet, to);
        }
    }

    void serve_udp() {
        std::string buffer(4096, '\0');
        for (;;) {
            Address from;
            const Datagram d = udp_.recv_from(buffer, from);
            const std::string query = buffer.substr(0, d.size);
            std::size_t end = 0;
            ++asked;
            asker = from;
            const Question question = read(query, end);
            const Answer answer = rule_(question);
            running_.spawn([this, query, answer, from] {
                if (answer.delay.count() > 0) {
                    sleep(answer.delay);
                }
                for (const std::string& how : answer.forged) {
                    forge(how, query, from);
                }
                if (!answer.silent) {
                    udp_.send_to(reply(query, answer, false), from);
                }
            });
        }
    }

    void answer_stream(TcpSocket& client) {
        char size[2];
        tcp_asker = client.peer_address();
        while (client.recv_exactly(size) == 2) {
            std::string query(number(std::string(size, 2), 0), '\0');
            client.recv_exactly(query);
            std::size_t end = 0;
            Question question = read(query, end);
            question.tcp = true;
            const std::string packet = reply(query, rule_(question), true);
            client.send_all(two(static_cast<unsigned>(packet.size())) + packet);
        }
    }

    std::function<Answer(const Question&)> rule_;
    UdpSocket udp_;
    Listener tcp_;
    Group running_;
};

}  // namespace tendril::testing

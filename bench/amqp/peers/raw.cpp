// SPDX-License-Identifier: MIT
//
// The floor of bench/amqp: one blocking socket, frames that are made once, answers that are looked at no more than is
// needed.
//
// Besides the works of work.hpp: `fill` puts MESSAGES into the queue, which it purges before; `serve` is the server of
// rpc, and runs until it is killed.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "../work.hpp"

namespace {

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

// Bytes as AMQP 0-9-1 has them.
class Writer {
public:
    Writer& octet(std::uint8_t n) { return add(n, 1); }
    Writer& word(std::uint16_t n) { return add(n, 2); }
    Writer& number(std::uint32_t n) { return add(n, 4); }
    Writer& large(std::uint64_t n) { return add(n, 8); }
    Writer& name(std::string_view text) {
        octet(static_cast<std::uint8_t>(text.size()));
        bytes += text;
        return *this;
    }
    Writer& text(std::string_view text) {
        number(static_cast<std::uint32_t>(text.size()));
        bytes += text;
        return *this;
    }
    // A frame of a type on a channel, whose payload these bytes are.
    std::string frame(int type, int channel) const {
        Writer out;
        out.octet(static_cast<std::uint8_t>(type)).word(static_cast<std::uint16_t>(channel));
        out.number(static_cast<std::uint32_t>(bytes.size()));
        out.bytes += bytes;
        out.octet(0xce);
        return out.bytes;
    }

    std::string bytes;

private:
    Writer& add(std::uint64_t n, int size) {
        for (int i = size - 1; i >= 0; --i) {
            bytes += static_cast<char>(n >> (8 * i));
        }
        return *this;
    }
};

Writer method(int of_class, int number) {
    Writer out;
    out.word(static_cast<std::uint16_t>(of_class)).word(static_cast<std::uint16_t>(number));
    return out;
}

struct Frame {
    int type;
    const unsigned char* payload;
    std::size_t size;

    std::uint32_t method() const { return static_cast<std::uint32_t>(number(0, 4)); }  // class and method
    std::uint64_t number(std::size_t at, int bytes) const {
        std::uint64_t n = 0;
        for (int i = 0; i < bytes; ++i) {
            n = n << 8 | payload[at + static_cast<std::size_t>(i)];
        }
        return n;
    }
};

class Wire {
public:
    explicit Wire(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), in_(256 * 1024) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            die("connect");
        }
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        send(std::string("AMQP\0\0\x09\x01", 8));
        await(10 << 16 | 10);
        const std::string login("\0guest\0guest", 12);
        send(method(10, 11).number(0).name("PLAIN").text(login).name("en_US").frame(1, 0));
        await(10 << 16 | 30);
        send(method(10, 31).word(2047).number(frame_max).word(0).frame(1, 0));
        call(method(10, 40).name("/").name("").octet(0).frame(1, 0), 10 << 16 | 41);
        call(method(20, 10).name("").frame(1, 1), 20 << 16 | 11);
    }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire() { ::close(fd_); }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0) {
                die("send");
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    // Waits for the next frame, which is good until the next call.
    Frame next() {
        while (!whole()) {
            read_more();
        }
        const unsigned char* at = in_.data() + begin_;
        const Frame frame{at[0], at + 7, size_at(begin_)};
        begin_ += frame.size + 8;
        return frame;
    }
    bool whole() const { return end_ - begin_ >= 7 && end_ - begin_ >= size_at(begin_) + 8; }

    void await(std::uint32_t method_id) {
        for (;;) {
            const Frame frame = next();
            if (frame.type == 1 && frame.method() == method_id) {
                return;
            }
            if (frame.type == 1 && (frame.method() == (10 << 16 | 50) || frame.method() == (20 << 16 | 40))) {
                std::fprintf(stderr, "closed: %.*s\n", static_cast<int>(frame.payload[6]),
                             reinterpret_cast<const char*>(frame.payload + 7));
                std::exit(1);
            }
        }
    }
    void call(std::string_view bytes, std::uint32_t answer) {
        send(bytes);
        await(answer);
    }

    static constexpr std::uint32_t frame_max = 131072;

private:
    std::size_t size_at(std::size_t at) const {
        const unsigned char* p = in_.data() + at + 3;
        return static_cast<std::size_t>(p[0]) << 24 | static_cast<std::size_t>(p[1]) << 16 |
               static_cast<std::size_t>(p[2]) << 8 | p[3];
    }
    void read_more() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
        } else if (end_ == in_.size()) {
            std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        const ssize_t n = ::recv(fd_, in_.data() + end_, in_.size() - end_, 0);
        if (n <= 0) {
            die("recv");
        }
        end_ += static_cast<std::size_t>(n);
    }

    int fd_;
    std::vector<unsigned char> in_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

// A message as it lies on the wire: publish, header, body.
std::string message(std::string_view exchange, std::string_view key, bool persistent, std::string_view reply_to = "",
                    std::string_view correlation = "") {
    std::uint16_t flags = persistent ? 0x1000 : 0;
    Writer header;
    Writer properties;
    if (persistent) {
        properties.octet(2);
    }
    if (!correlation.empty()) {
        flags |= 0x0400;
        properties.name(correlation);
    }
    if (!reply_to.empty()) {
        flags |= 0x0200;
        properties.name(reply_to);
    }
    header.word(60).word(0).large(bench::body_size).word(flags);
    header.bytes += properties.bytes;
    Writer body;
    body.bytes.assign(bench::body_size, 'x');
    return method(60, 40).word(0).name(exchange).name(key).octet(0).frame(1, 1) + header.frame(2, 1) + body.frame(3, 1);
}

void declare(Wire& wire) {
    wire.call(method(40, 10).word(0).name(bench::exchange_without_queue).name("fanout").octet(0).number(0).frame(1, 1),
              40 << 16 | 11);
    wire.call(method(50, 10).word(0).name(bench::queue).octet(2).number(0).frame(1, 1), 50 << 16 | 11);
}

void flush(Wire& wire) {
    wire.call(method(50, 10).word(0).name(bench::queue).octet(3).number(0).frame(1, 1), 50 << 16 | 11);
}

void publish(Wire& wire, std::size_t messages) {
    const std::string one = message(bench::exchange_without_queue, "", false);
    std::string block;
    while (block.size() + one.size() <= 256 * 1024) {
        block += one;
    }
    const std::size_t in_block = block.size() / one.size();
    for (std::size_t sent = 0; sent < messages;) {
        const std::size_t n = std::min(in_block, messages - sent);
        wire.send(std::string_view(block).substr(0, n * one.size()));
        sent += n;
    }
    flush(wire);
}

void confirm(Wire& wire, std::size_t messages, std::size_t window) {
    const std::string one = message("", bench::queue, true);
    std::string block;
    for (std::size_t i = 0; i < window; ++i) {
        block += one;
    }
    std::uint64_t acked = 0;
    for (std::size_t sent = 0; acked < messages;) {
        const std::size_t n = std::min<std::size_t>(messages - sent, window - (sent - acked));
        wire.send(std::string_view(block).substr(0, n * one.size()));
        sent += n;
        do {
            const Frame frame = wire.next();
            if (frame.type == 1 && frame.method() == (60 << 16 | 80)) {
                // Without `multiple` one message: counted, as they may come out of order.
                acked = (frame.payload[12] & 1) != 0 ? std::max(acked, frame.number(4, 8)) : acked + 1;
            }
        } while (wire.whole());
    }
}

void consume(Wire& wire, std::size_t messages, std::uint16_t prefetch) {
    wire.call(method(60, 10).number(0).word(prefetch).octet(0).frame(1, 1), 60 << 16 | 11);
    wire.send(method(60, 20).word(0).name(bench::queue).name("raw").octet(0).number(0).frame(1, 1));
    std::string acks;
    std::uint64_t tag = 0;
    for (std::size_t got = 0; got < messages;) {
        const Frame frame = wire.next();
        if (frame.type == 1 && frame.method() == (60 << 16 | 60)) {
            tag = frame.number(4 + 1 + frame.payload[4], 8);
        } else if (frame.type == 3) {
            ++got;
            acks += method(60, 80).large(tag).octet(0).frame(1, 1);
        }
        if (!acks.empty() && !wire.whole()) {
            wire.send(acks);
            acks.clear();
        }
    }
    flush(wire);
}

void rpc(Wire& wire, std::size_t messages, bench::Measure& measure) {
    wire.call(method(60, 20).word(0).name("amq.rabbitmq.reply-to").name("raw").octet(2).number(0).frame(1, 1),
              60 << 16 | 21);
    const std::string one = message("", bench::rpc_queue, false, "amq.rabbitmq.reply-to", "1");
    for (std::size_t i = 0; i < messages; ++i) {
        const auto start = std::chrono::steady_clock::now();
        wire.send(one);
        while (wire.next().type != 3) {
        }
        measure.round_trip(std::chrono::steady_clock::now() - start);
    }
}

// Answers what has the properties reply_to and correlation_id, in any order of others before them.
[[noreturn]] void serve(Wire& wire) {
    wire.call(method(50, 10).word(0).name(bench::rpc_queue).octet(8).number(0).frame(1, 1), 50 << 16 | 11);
    wire.call(method(60, 20).word(0).name(bench::rpc_queue).name("raw").octet(2).number(0).frame(1, 1), 60 << 16 | 21);
    std::printf("serving\n");
    std::fflush(stdout);
    std::string reply_to;
    std::string correlation;
    for (;;) {
        const Frame frame = wire.next();
        if (frame.type == 2) {
            const auto flags = static_cast<unsigned>(frame.number(12, 2));
            std::size_t at = 14;
            const auto name = [&](unsigned flag) {
                std::string text;
                if ((flags & flag) != 0) {
                    text.assign(reinterpret_cast<const char*>(frame.payload + at + 1), frame.payload[at]);
                    at += text.size() + 1;
                }
                return text;
            };
            name(0x8000);  // content_type
            name(0x4000);  // content_encoding
            if ((flags & 0x2000) != 0) {
                at += 4 + frame.number(at, 4);  // headers
            }
            at += ((flags & 0x1000) != 0 ? 1 : 0) + ((flags & 0x0800) != 0 ? 1 : 0);  // delivery_mode, priority
            correlation = name(0x0400);
            reply_to = name(0x0200);
        } else if (frame.type == 3) {
            wire.send(message("", reply_to, false, "", correlation));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    Wire wire(arguments.port);
    if (arguments.work == "serve") {
        serve(wire);
    }
    declare(wire);
    if (arguments.work == "fill") {
        wire.call(method(50, 30).word(0).name(bench::queue).octet(0).frame(1, 1), 50 << 16 | 31);
        wire.call(method(85, 10).octet(0).frame(1, 1), 85 << 16 | 11);
        confirm(wire, arguments.messages, 1000);
        return 0;
    }
    const bool confirms = arguments.work.starts_with("confirm");
    if (confirms) {
        wire.call(method(85, 10).octet(0).frame(1, 1), 85 << 16 | 11);
    }
    bench::Measure measure(arguments.messages);
    if (arguments.work == "publish") {
        publish(wire, arguments.messages);
    } else if (arguments.work == "confirm" || arguments.work == "confirm-1") {
        confirm(wire, arguments.messages, arguments.work == "confirm" ? 1000 : 1);
    } else if (arguments.work == "consume" || arguments.work == "consume-1") {
        consume(wire, arguments.messages, arguments.work == "consume" ? 1000 : 1);
    } else if (arguments.work == "rpc") {
        rpc(wire, arguments.messages, measure);
    } else {
        return bench::no_such_work;
    }
    measure.print();
}

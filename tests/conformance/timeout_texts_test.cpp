// SPDX-License-Identifier: MIT
//
// What the calls of sockets, files, processes and HTTP say when they time out, and when a Timeout breaks them off: as
// timeout_every_call_test.cpp, which has the calls of the floors below.
//
// A new call is one line in `calls`.

#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <tendril/ancillary.hpp>
#include <tendril/buffered.hpp>
#include <tendril/dns.hpp>
#include <tendril/duplex.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/message_pipe.hpp>
#include <tendril/pipe.hpp>
#include <tendril/process.hpp>
#include <tendril/proxy_protocol.hpp>
#include <tendril/seqpacket_socket.hpp>
#include <tendril/socket.hpp>
#include <tendril/socket_message.hpp>
#include <tendril/timeout.hpp>
#include <tendril/tls.hpp>
#include <tendril/udp_socket.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "raw_http_server.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

const TlsContext& server_context() {
    static const TlsContext made({.server_side = true,
                                  .certificate = testing::server_identity().certificate,
                                  .key = testing::server_identity().key});
    return made;
}

const TlsContext& client_context() {
    static const TlsContext made({.ca_file = testing::authority().certificate()});
    return made;
}

const std::string& endless() {  // more than the buffers of a socket hold
    static const std::string text(20'000'000, 'x');
    return text;
}

template <class S>
void fill(S& socket) {
    const std::string much(1 << 20, 'x');
    while (socket.try_send(much)) {
    }
}

template <class F>
void until_late(F f) {
    try {
        for (;;) {
            f();
        }
    } catch (const TimeoutError&) {
    }
}

// Of this process alone: tests of other programs run at the same time.
std::string own_name(const char* name) {
    return "unix:@tendril-" + std::string(name) + "-" + std::to_string(::getpid());
}

struct Connected {
    Listener listener;
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    explicit Connected(const std::string& at = "127.0.0.1:0") : listener(listen(at)) {}
};

// Peers that say nothing, and others that read nothing.
struct Scene {
    Connected silent;
    Connected clogged{own_name("clogged")};  // whose buffers don't grow, as those of TCP do
    std::pair<TcpSocket, TcpSocket> unnamed = TcpSocket::pair();
    Listener full = listen(own_name("full"), {.backlog = 0});
    std::vector<TcpSocket> fillers;
    UdpSocket datagrams = UdpSocket::bound("127.0.0.1:0");
    UdpSocket connected = UdpSocket::connected(datagrams.local_address());
    std::pair<UdpSocket, UdpSocket> clogged_datagrams = UdpSocket::pair();
    SeqpacketListener packet_listener = SeqpacketListener::bound(own_name("packets"));
    std::pair<SeqpacketSocket, SeqpacketSocket> clogged_packets = SeqpacketSocket::pair();
    Pipe pipe = make_pipe();
    Pipe clogged_pipe = make_pipe();
    std::pair<MessagePipe, MessagePipe> messages = MessagePipe::pair();
    Resolver resolver{
        {.servers = {datagrams.local_address().to_string()}, .search = std::vector<std::string>{}, .try_timeout = 60s}};
    Popen child{{"sleep", "3600"}, {.out = PIPE}};
    BufferedReader reader{silent.client};
    BufferedWriter writer{clogged.client};
    testing::RawHttpServer mute{[](testing::RawHttpConnection& c) {
        c.request();
        if (c.number == 0) {
            c.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        }
        c.request();
    }};
    http::Client http;
    http::Client busy{{.per_origin = 1}};
    http::ClientResponse begun = busy.get(mute.url("/begun?secret"));  // five bytes of ten have come
    http::WebSocket websocket{std::make_unique<TcpSocket>(unnamed.first.duplicate()), http::WebSocketRole::client};
    char byte = 0;
    char ten[10] = {};
    const std::string much = std::string(1 << 20, 'x');

    Scene() {
        fill(clogged.client);
        until_late([&] { fillers.push_back(connect(full.address(), 0s)); });
        until_late([&] { clogged_datagrams.first.send("x", 0s); });
        until_late([&] { clogged_packets.first.send("x", 0s); });
        until_late([&] { clogged_pipe.writer.send_all(much, 0s); });
    }
    ~Scene() {
        child.kill();
        child.wait();
    }
};

struct Call {
    const char* name;
    const char* waits_in;  // as a Timeout says it that breaks it off: the call itself, or one that it is made of
    const char* late;      // its TimeoutError, a regular expression: PEER, FAR is an address, TIME "1.07 ms"
    void (*run)(Scene&, Deadline);
};

const Call calls[] = {
    {"TcpSocket::recv", "recv", "recv from PEER: timed out after TIME",
     [](Scene& s, Deadline d) {
         s.silent.client.recv({&s.byte, 1}, d);
     }},
    {"TcpSocket::recv, unnamed", "recv", "recv from an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) {
         s.unnamed.second.recv({&s.byte, 1}, d);
     }},
    {"TcpSocket::recv_exactly", "recv_exactly",
     "recv_exactly from PEER: timed out, 5 of 10 bytes done(, then nothing for TIME)?",
     [](Scene& s, Deadline d) {
         Connected again;
         again.server.send_all("hello");
         again.client.recv_exactly(s.ten, d);
     }},
    {"TcpSocket::recv_parts", "recv_parts", "recv_parts from PEER: timed out after TIME",
     [](Scene& s, Deadline d) {
         const Buffer part(s.ten);
         s.silent.client.recv_parts({&part, 1}, d);
     }},
    {"TcpSocket::await_data", "await_data", "await_data from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.silent.client.await_data(d); }},
    {"TcpSocket::send", "send", "send to CLOGGED: timed out after TIME",
     [](Scene& s, Deadline d) { s.clogged.client.send("x", d); }},
    {"TcpSocket::send_all", "send_all",
     R"(send_all to PEER: timed out, \d+ of 20000000 bytes done(, then nothing for TIME)?)",
     [](Scene&, Deadline d) {
         Connected other;
         other.client.send_all(endless(), d);
     }},
    {"TcpSocket::send_parts", "send_parts", "send_parts to CLOGGED: timed out after TIME",
     [](Scene& s, Deadline d) {
         const Bytes part("x");
         s.clogged.client.send_parts({&part, 1}, d);
     }},
    {"send_message", "send_message", "send_message to CLOGGED: timed out after TIME",
     [](Scene& s, Deadline d) {
         const int fd = 0;
         send_message(s.clogged.client, "x", {&fd, 1}, d);
     }},
    {"recv_message", "recv_message", "recv_message from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { recv_message(s.silent.client, s.ten, 1, d); }},
    {"Listener::accept", "accept", "accept on PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.silent.listener.accept(d); }},
    {"connect", "connect", "connect to FULL: timed out", [](Scene& s, Deadline d) { connect(s.full.address(), d); }},
    {"UdpSocket::recv", "recv", "recv on PEER: timed out after TIME",
     [](Scene& s, Deadline d) { UdpSocket::bound("127.0.0.1:0").recv(s.ten, d); }},
    {"UdpSocket::recv, connected", "recv", "recv from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.connected.recv(s.ten, d); }},
    {"UdpSocket::send", "send", "send to an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) { s.clogged_datagrams.first.send("x", d); }},
    {"TcpSocket::recv, a peek", "recv", "recv from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.silent.client.recv(s.ten, {.peek = true}, d); }},
    {"TcpSocket::send with options", "send", "send to CLOGGED: timed out after TIME",
     [](Scene& s, Deadline d) { s.clogged.client.send("x", {.more = true}, d); }},
    {"TcpSocket::recv_urgent", "recv_urgent", "recv_urgent from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.silent.client.recv_urgent(d); }},
    {"recv_message, ancillary", "recv_message", "recv_message from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { recv_message(s.silent.client, s.ten, RecvMessageOptions(), d); }},
    {"send_message, ancillary", "send_message", "send_message to CLOGGED: timed out after TIME",
     [](Scene& s, Deadline d) { send_message(s.clogged.client, "x", SendMessageOptions(), d); }},
    {"recv_message, datagrams", "recv_message", "recv_message from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { recv_message(s.connected, s.ten, {}, d); }},
    {"send_message, datagrams", "send_message", "send_message to an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) { send_message(s.clogged_datagrams.first, "x", {}, d); }},
    {"SeqpacketSocket::recv", "recv", "recv from an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) { s.clogged_packets.first.recv(s.ten, d); }},
    {"SeqpacketSocket::send", "send", "send to an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) { s.clogged_packets.first.send("x", d); }},
    {"SeqpacketListener::accept", "accept", R"(accept on unix:@tendril-packets-\d+: timed out after TIME)",
     [](Scene& s, Deadline d) { s.packet_listener.accept(d); }},
    {"Duplex::recv", "recv", "recv from a pipe: timed out after TIME",
     [](Scene& s, Deadline d) { open_duplex("/dev/ptmx").recv(s.ten, d); }},
    {"TlsSocket::handshake", "TLS handshake", "TLS handshake with PEER: timed out after TIME",
     [](Scene& s, Deadline d) {
         wrap_ssl(s.silent.client.duplicate(), client_context(), {.server_name = "localhost"}, d);
     }},
    {"TlsListener::accept", "accept", "accept on PEER: timed out after TIME",
     [](Scene&, Deadline d) { wrap_ssl(listen("127.0.0.1:0"), server_context()).accept(d); }},
    {"PipeReader::recv", "recv", "recv from a pipe: timed out after TIME",
     [](Scene& s, Deadline d) { s.pipe.reader.recv(s.ten, d); }},
    {"PipeWriter::send", "send", "send to a pipe: timed out after TIME",
     [](Scene& s, Deadline d) { s.clogged_pipe.writer.send("x", d); }},
    {"BufferedReader::read_line", "recv", "recv from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.reader.read_line(d); }},
    {"BufferedWriter::send_all", "send_parts", R"(send_all: send_parts to CLOGGED: timed out after TIME)",
     [](Scene& s, Deadline d) { BufferedWriter(s.clogged.client).send_all(s.much, d); }},
    {"read_proxy_header", "recv_exactly", R"(recv_exactly from PEER: timed out after TIME)",
     [](Scene& s, Deadline d) { read_proxy_header(s.silent.client, d); }},
    {"Resolver::resolve", "Event::wait", R"(resolve "nobody\.test": timed out after TIME)",
     [](Scene& s, Deadline d) { s.resolver.resolve("nobody.test", 80, AddressFamily::any, d); }},
    {"Resolver::look_up", "Event::wait", R"(resolve "nobody\.test": timed out after TIME)",
     [](Scene& s, Deadline d) { s.resolver.look_up("nobody.test", {}, d); }},
    {"Resolver::query", "Event::wait", R"(resolve "_sip\._udp\.nobody\.test": timed out after TIME)",
     [](Scene& s, Deadline d) { s.resolver.query<SrvRecord>("_sip._udp.nobody.test", d); }},
    {"Resolver::name_info", "Event::wait", R"(resolve "192\.0\.2\.8": timed out after TIME)",
     [](Scene& s, Deadline d) { s.resolver.name_info(Address::ip("192.0.2.8", 80), {}, d); }},
    {"Resolver::full_name", "Event::wait", R"(resolve "nobody\.test": timed out after TIME)",
     [](Scene& s, Deadline d) { s.resolver.full_name("nobody.test", d); }},
    {"Resolver::reverse", "Event::wait", R"(resolve "192\.0\.2\.7": timed out after TIME)",
     [](Scene& s, Deadline d) { s.resolver.reverse(Address::ip("192.0.2.7", 0), d); }},
    {"MessagePipe::recv", "MessagePipe::recv",
     "MessagePipe::recv from an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) { s.messages.first.recv(d); }},
    {"MessagePipe::send", "MessagePipe::send",
     "MessagePipe::send to an unnamed Unix-domain socket: timed out, \\d+ of 1048580 bytes done"
     "(, then nothing for TIME)?",
     [](Scene& s, Deadline d) {
         auto pair = MessagePipe::pair();
         pair.first.send(s.much, d);
     }},
    {"Popen::wait", "Popen::wait", R"(Popen::wait \(of process \d+, which still runs\): timed out after TIME)",
     [](Scene& s, Deadline d) { s.child.wait(d); }},
    {"Popen::communicate", "communicate", R"(communicate with process \d+: timed out after TIME)",
     [](Scene& s, Deadline d) { s.child.communicate(d); }},
    {"run", "communicate", R"(run 'sleep': communicate with process \d+: timed out after TIME)",
     [](Scene&, Deadline d) {
         run({"sleep", "3600"}, {.deadline = d});
     }},
    {"wait_pid", "wait_pid", R"(wait_pid \(of process \d+, which still runs\): timed out after TIME)",
     [](Scene& s, Deadline d) { wait_pid(s.child.pid(), d); }},
    {"Client::get, no response", "recv", "GET FAR/: waiting for the response: timed out after TIME",
     [](Scene& s, Deadline d) { s.http.get(s.mute.url("/?secret"), d); }},
    {"Client::get, no room", "Event::wait",
     "GET FAR/x: connecting: waiting for one of 1 connections to an origin, 100 in all: timed out after TIME",
     [](Scene& s, Deadline d) { s.busy.get(s.mute.url("/x"), d); }},
    {"ClientResponse::text", "recv", "GET FAR/begun: reading the response's body: recv from PEER: timed out after TIME",
     [](Scene& s, Deadline d) { s.begun.text(1000, d); }},
    {"WebSocket::recv", "await_data",
     "WebSocket::recv: await_data from an unnamed Unix-domain socket: timed out after TIME",
     [](Scene& s, Deadline d) { s.websocket.recv(d); }},
};

std::string with_numbers(std::string pattern) {
    const std::pair<const char*, const char*> all[] = {{"CLOGGED", "unix:@tendril-clogged-\\d+"},
                                                       {"FULL", "unix:@tendril-full-\\d+"},
                                                       {"PEER", "127\\.0\\.0\\.1:\\d+"},
                                                       {"FAR", "http://127\\.0\\.0\\.1:\\d+"},
                                                       {"TIME", "\\d[\\d.]* (us|ms|s)"}};
    for (const auto& [from, to] : all) {
        for (std::size_t at = 0; (at = pattern.find(from, at)) != std::string::npos;) {
            pattern.replace(at, std::string(from).size(), to);
        }
    }
    return pattern;
}

void expect_text(const std::string& text, const std::string& pattern) {
    EXPECT_TRUE(std::regex_match(text, std::regex(with_numbers(pattern)))) << text << "\nis not\n" << pattern;
}

TENDRIL_TEST(TimeoutTexts, ATimeoutErrorSaysOfWhatAndForHowLong) {
    Scene scene;
    for (const Call& call : calls) {
        SCOPED_TRACE(call.name);
        try {
            call.run(scene, 1ms);
            ADD_FAILURE() << "it did not time out";
        } catch (const TimeoutError& e) {
            expect_text(e.what(), call.late);
            EXPECT_EQ(e.code(), std::errc::timed_out);
        }
    }
}

// What a Timeout says that expires while the call waits.
std::string broken_off(const Call& call, Scene& scene) {
    for (auto length = 1ms;; length *= 4) {
        try {
            Timeout outer(length);
            call.run(scene, 1h);
            return "it came to its end";
        } catch (const Timeout::Expired& e) {
            if (const std::string text = e.what(); text.find("expired before") == std::string::npos) {
                return text;  // else this process got no processor for so long
            }
        }
    }
}

TENDRIL_TEST(TimeoutTexts, ATimeoutSaysWhatItBrokeOff) {
    Scene scene;
    for (const Call& call : calls) {
        SCOPED_TRACE(call.name);
        expect_text(broken_off(call, scene),
                    "a Timeout of TIME \\(timeout_texts_test.cpp:\\d+\\) expired while green thread \\d+ "
                    "\"test body\" waited in " +
                        std::string(call.waits_in) + " for TIME");
    }
}

}  // namespace
}  // namespace tendril

// SPDX-License-Identifier: MIT
//
// A chat over WebSockets: what one member says, all hear. The handler of each member receives in a green thread of its
// own; any of them may send to all. Then two clients talk, and close as the protocol demands.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <tendril/http/server.hpp>
#include <tendril/http/websocket.hpp>

using namespace tendril;

namespace {

// The handlers own the sockets: a member that has left, however it left, is not here any more.
std::vector<std::weak_ptr<http::WebSocket>> room;

void tell_all(const std::string& text) {
    std::erase_if(room, [](const auto& member) { return member.expired(); });
    for (const auto& member : std::vector(room)) {  // a copy: members come and go while a message is sent
        try {
            if (const auto socket = member.lock()) {
                socket->send(text, std::chrono::seconds(1));
            }
        } catch (const std::system_error&) {
            // The member has gone or is too slow: its handler notices.
        }
    }
}

void chat(http::Request& request, http::Response& response) {
    auto accepted = http::websocket_accept(request, response, {.deflate = http::WebSocketDeflate()});
    if (!accepted) {
        return;  // no WebSocket was requested, and the client got an error
    }
    const std::string name(request.path().substr(1));
    auto socket = std::make_shared<http::WebSocket>(std::move(*accepted));
    room.push_back(socket);
    tell_all(name + " is here");
    try {
        while (const auto message = socket->recv()) {
            tell_all(name + ": " + message->data);
        }
    } catch (const http::WebSocketError&) {
        // The member broke the protocol, or vanished without a Close.
    }
    const std::string why = std::to_string(socket->close_code()) + " " + std::string(socket->close_reason());
    socket.reset();
    tell_all(name + " has left: " + why);
}

void hear(const char* who, http::WebSocket& socket) {
    const auto message = socket.recv();
    std::printf("%s hears \"%s\"\n", who, message ? message->data.c_str() : "the end");
}

}  // namespace

int main() {
    http::Server server("127.0.0.1:0", chat);
    server.start();
    const std::string url = "ws://" + server.address().to_string();

    http::WebSocket ada = http::websocket_connect(url + "/Ada");
    hear("Ada", ada);
    http::WebSocket grace = http::websocket_connect(url + "/Grace", {.deflate = http::WebSocketDeflate()});
    hear("Ada", ada);
    hear("Grace", grace);
    std::printf("compressed: Ada's %d, Grace's %d\n", ada.compressed(), grace.compressed());

    ada.send("Hello, Grace!");
    hear("Grace", grace);
    hear("Ada", ada);

    const bool answered = grace.close(http::close_code::going_away, "to lunch");  // waits for the server's Close
    std::printf("Grace closed; answered: %d, code %d\n", answered, grace.close_code());
    hear("Ada", ada);
    ada.close();
    hear("Ada", ada);
    server.stop();
}

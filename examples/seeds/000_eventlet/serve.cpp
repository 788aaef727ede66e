// SPDX-License-Identifier: MIT
//
// serve(): a handler per connection; StopServe ends it.

#include <cctype>
#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>

void handle(tendril::TcpSocket& client, const tendril::Address& peer) {
    const std::string host = peer.to_string();
    std::printf("client connected from %s\n", host.substr(0, host.rfind(':')).c_str());
    std::string word(100, '\0');
    word.resize(client.recv(word));
    if (word == "stop") {
        throw tendril::StopServe();
    }
    for (char& letter : word) {
        letter = static_cast<char>(std::toupper(letter));
    }
    client.send_all(word);
}

int main() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    const auto serving = tendril::spawn([&] { tendril::serve(listener, handle); });
    for (const char* word : {"hello", "again", "stop"}) {
        tendril::TcpSocket connection = tendril::connect(listener.address());
        connection.send_all(word);
        std::string answer(100, '\0');
        answer.resize(connection.recv(answer));
        std::printf("b'%s'\n", answer.c_str());
    }
    serving.get();
    std::puts("serve() returned None");
}

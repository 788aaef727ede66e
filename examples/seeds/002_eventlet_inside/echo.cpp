// SPDX-License-Identifier: MIT
//
// An echo server with a green thread for each connection, out of a pool.

#include <cstdio>
#include <string>
#include <vector>

#include <tendril/pool.hpp>
#include <tendril/socket.hpp>

using namespace tendril;

void handle(TcpSocket client) {  // closes it at the end
    char data[1024];
    while (const std::size_t n = client.recv(data)) {
        client.send_all({data, n});
    }
}

int main() {
    Listener server = listen("127.0.0.1:0");
    Pool pool(10'000);
    const auto accepting = spawn([&] {
        for (;;) {
            pool.spawn_n(handle, server.accept());
        }
    });

    const auto talk = [&](const std::string& name) {
        TcpSocket connection = connect(server.address());
        std::string heard;
        for (const std::string& word : {std::string("hello"), std::string("from"), name}) {
            connection.send_all(word);
            std::string answer(word.size(), '\0');
            connection.recv_exactly(answer);
            heard += (heard.empty() ? "" : " ") + answer;
        }
        return heard;
    };
    Pool clients;
    for (const std::string& heard : clients.imap(talk, std::vector<std::string>{"steve", "john", "nancy"})) {
        std::puts(heard.c_str());
    }
    pool.wait_all();
    accepting.kill();
}

// SPDX-License-Identifier: MIT
//
// An echo server around select(), as it would be written without green threads: lists of descriptors, a queue of
// answers for each client. But select() suspends its own green thread only: the clients run in another.

#include <cstdio>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>
#include <tendril/socket.hpp>

void serve(tendril::Listener& server) {
    std::map<int, tendril::TcpSocket> clients;
    std::map<int, std::queue<std::string>> answers;
    std::vector<int> inputs{server.fd()}, outputs;
    for (;;) {
        const auto [readable, writable, exceptional] = tendril::select(inputs, outputs, inputs);
        for (const int fd : writable) {
            clients[fd].send_all(answers[fd].front());
            answers[fd].pop();
            std::erase(outputs, fd);
        }
        for (const int fd : readable) {
            if (fd == server.fd()) {
                tendril::TcpSocket client = server.accept();
                inputs.push_back(client.fd());
                clients.emplace(client.fd(), std::move(client));
                continue;
            }
            std::string data(1024, '\0');
            data.resize(clients[fd].recv(data));
            if (data.empty()) {  // the client's end
                std::erase(inputs, fd);
                clients.erase(fd);
                continue;
            }
            std::printf("the server got \"%s\"\n", data.c_str());
            answers[fd].push(data);
            outputs.push_back(fd);
        }
    }
}

int main() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    auto server = tendril::spawn([&] { serve(listener); });
    for (const std::string word : {"hello", "world"}) {
        tendril::TcpSocket client = tendril::connect(listener.address());
        client.send_all(word);
        char answer[16] = {};
        client.recv(answer);
        std::printf("the client got \"%s\"\n", answer);
    }
    server.kill();
}

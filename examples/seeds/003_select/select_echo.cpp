// SPDX-License-Identifier: MIT
//
// An echo server that waits by select(), with a queue of answers for each client.

#include <cstdio>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>
#include <tendril/socket.hpp>

using namespace tendril;

void serve(Listener& server, int clients_left) {
    std::map<int, TcpSocket> clients;
    std::map<int, std::queue<std::string>> answers;
    std::vector<int> inputs{server.fd()}, outputs;
    while (clients_left > 0) {
        const auto [readable, writable, exceptional] = select(inputs, outputs, inputs);
        for (const int ready : readable) {
            if (ready == server.fd()) {
                TcpSocket connection = server.accept();
                inputs.push_back(connection.fd());
                clients.emplace(connection.fd(), std::move(connection));
                continue;
            }
            std::string data(1024, '\0');
            data.resize(clients[ready].recv(data));
            if (!data.empty()) {
                answers[ready].push(data);
                std::erase(outputs, ready);
                outputs.push_back(ready);
                continue;
            }
            std::erase(outputs, ready);
            std::erase(inputs, ready);
            answers.erase(ready);
            clients.erase(ready);
            --clients_left;
        }
        for (const int ready : writable) {
            if (!clients.contains(ready)) {
                continue;
            }
            if (answers[ready].empty()) {
                std::erase(outputs, ready);
                continue;
            }
            clients[ready].send_all(answers[ready].front());
            answers[ready].pop();
        }
    }
}

int main() {
    Listener listener = listen("127.0.0.1:0");
    const auto talk = [&](const std::string& name) {
        TcpSocket connection = connect(listener.address());
        std::vector<std::string> heard;
        for (const char* word : {"hello", "again"}) {
            const std::string said = name + " says " + word;
            connection.send_all(said);
            heard.emplace_back(said.size(), '\0');
            connection.recv_exactly(heard.back());
        }
        return heard;
    };

    const auto serving = spawn([&] { serve(listener, 3); });
    std::vector<Greenlet<std::vector<std::string>>> talks;
    for (const char* name : {"steve", "john", "nancy"}) {
        talks.push_back(spawn(talk, name));
    }
    serving.get();
    for (const auto& each : talks) {
        const std::vector<std::string>& heard = each.get();
        std::printf("['%s', '%s']\n", heard.at(0).c_str(), heard.at(1).c_str());
    }
}

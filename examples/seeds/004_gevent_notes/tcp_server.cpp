// SPDX-License-Identifier: MIT
//
// A StreamServer: one green thread for each connection.

#include <cctype>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream_server.hpp>

using namespace tendril;

void echo(TcpSocket& connection) {
    BufferedReader lines(connection);
    while (std::optional<std::string> line = lines.read_line()) {
        if (*line == "quit") {
            break;
        }
        for (char& letter : *line) {
            letter = static_cast<char>(std::toupper(letter));
        }
        connection.send_all(*line + "\n");
    }
}

int main() {
    StreamServer server("127.0.0.1:0", echo, {.concurrency = 100});
    server.start();

    const auto talk = [&](const std::string& name) {
        TcpSocket connection = connect(server.address());
        BufferedReader lines(connection);
        for (const std::string& word : {std::string("hello"), std::string("from"), name}) {
            connection.send_all(word + "\n");
            sleep();
        }
        std::string heard;
        for (int i = 0; i < 3; ++i) {
            heard += std::string(i == 0 ? "['" : "', '") + lines.read_line().value();
        }
        connection.send_all("quit\n");
        return heard + "'] b'" + lines.read_line().value_or("") + "'";
    };
    std::vector<Greenlet<std::string>> talks;
    for (const char* name : {"steve", "john", "nancy"}) {
        talks.push_back(spawn(talk, name));
    }
    for (const auto& talking : talks) {
        std::puts(talking.get().c_str());
    }
    server.stop();
    std::printf("started: %s\n", server.is_running() ? "True" : "False");
}

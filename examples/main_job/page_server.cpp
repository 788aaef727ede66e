// SPDX-License-Identifier: MIT

#include "page_server.hpp"

#include <string>
#include <system_error>
#include <utility>

#include <tendril/server.hpp>
#include <tendril/shield.hpp>

#include "page.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;

// Waits until `received` begins with a whole head.
// Returns: its size; one above `longest_head` for what is no head any more; 0 when no further one comes.
std::size_t read_head(tendril::TcpSocket& client, std::string& received, tendril::Deadline deadline) {
    char chunk[512];  // small: it counts for every connection
    for (;;) {
        if (const std::size_t end = received.find(end_of_head); end != std::string::npos) {
            return end + end_of_head.size();
        }
        if (received.size() > longest_head) {
            return received.size();
        }
        const std::size_t n = client.recv(chunk, deadline);
        if (n == 0) {
            return 0;
        }
        received.append(chunk, n);
    }
}

// Returns: whether another request may follow.
bool send_answer(tendril::TcpSocket& client, std::string_view head, std::chrono::seconds patience) {
    const Answer answer = answer_to(head);
    if (answer.delay > answer.delay.zero()) {
        tendril::sleep(answer.delay);
    }
    client.send_all(answer.text, patience);
    return !answer.last;
}

// Closes so that the last answer arrives: with something unread in it, a closed connection is reset.
void close_gently(tendril::TcpSocket& client) {
    client.shutdown(tendril::Shutdown::write);
    const tendril::Deadline deadline = 1s;
    char rest[512];
    while (client.recv(rest, deadline) > 0) {
    }
}

}  // namespace

PageServer::PageServer(tendril::Listener listener, std::size_t most_connections, std::chrono::seconds patience)
    : listener_(std::move(listener)), most_connections_(most_connections), patience_(patience) {}

void PageServer::run() {
    tendril::serve(listener_, [this](tendril::TcpSocket& client) { talk(client); }, {.concurrency = most_connections_});
}

void PageServer::stop() {
    stopping_ = true;
    listener_.close();
    for (const tendril::AnyGreenlet& each : talking_) {
        each.kill_nowait();  // comes when it waits for a request, not while its Shield lives
    }
}

void PageServer::talk(tendril::TcpSocket& client) {
    struct Listed {
        std::list<tendril::AnyGreenlet>& all;
        std::list<tendril::AnyGreenlet>::iterator at = all.insert(all.end(), tendril::current());
        ~Listed() { all.erase(at); }
    } listed{talking_};

    std::string received;
    try {
        bool more = true;
        while (more && !stopping_) {
            const std::size_t size = read_head(client, received, patience_);
            if (size == 0) {
                return;
            }
            const tendril::Shield answering;
            more = send_answer(client, std::string_view(received).substr(0, size), patience_);
            received.erase(0, size);
        }
        close_gently(client);
    } catch (const std::system_error&) {  // the client is gone, or too slow: nobody to tell
    }
}

}  // namespace demo

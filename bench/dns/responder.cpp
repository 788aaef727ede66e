// SPDX-License-Identifier: MIT
//
// The DNS server that bench/dns asks: every name has one IPv4 address, 127.0.0.1, and no other record.
//
//     bench_dns_responder      prints its port; ends when it is killed

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

constexpr std::size_t header = 12;

// Returns: where the first question ends; 0 for something else than a query with one question.
std::size_t end_of_question(const unsigned char* bytes, std::size_t size) {
    std::size_t at = header;
    while (at < size && bytes[at] != 0) {
        at += std::size_t{1} + bytes[at];
    }
    at += 1 + 4;  // the root's label, type and class
    return at <= size && (bytes[2] & 0x80) == 0 && bytes[4] == 0 && bytes[5] == 1 ? at : 0;
}

}  // namespace

int main() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const int room = 4 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
        std::perror("bind");
        return 1;
    }
    std::printf("%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
    for (;;) {
        unsigned char bytes[1024];
        sockaddr_in peer{};
        socklen_t peer_size = sizeof peer;
        const ssize_t got = ::recvfrom(fd, bytes, 512, 0, reinterpret_cast<sockaddr*>(&peer), &peer_size);
        const std::size_t end = got >= 17 ? end_of_question(bytes, static_cast<std::size_t>(got)) : 0;
        if (end == 0) {
            continue;
        }
        const bool ipv4 = bytes[end - 4] == 0 && bytes[end - 3] == 1;
        bytes[2] = 0x85;  // an authoritative answer
        bytes[3] = 0x80;
        std::memset(bytes + 6, 0, 6);
        std::size_t length = end;
        if (ipv4) {
            // The name of the question, A, IN, 60 seconds, 4 bytes.
            constexpr unsigned char answer[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
            bytes[7] = 1;
            std::memcpy(bytes + end, answer, sizeof answer);
            length += sizeof answer;
        }
        ::sendto(fd, bytes, length, 0, reinterpret_cast<sockaddr*>(&peer), peer_size);
    }
}

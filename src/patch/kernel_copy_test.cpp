// SPDX-License-Identifier: MIT
//
// sendfile and splice, against the kernel.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include <string>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

int file_of(Party& me, std::size_t n) {
    const int file = me.keep(::memfd_create("scene", 0));
    const std::string text(n, 'f');
    for (std::size_t done = 0; done < n;) {
        done += static_cast<std::size_t>(::write(file, text.data() + done, n - done));
    }
    ::lseek(file, 0, SEEK_SET);
    return file;
}

void take(Party& me, int fd, std::size_t n) {
    std::string some(30'000, '\0');
    std::size_t sum = 0;
    while (sum < n) {
        const long got = me.call.read(fd, some.data(), some.size());
        if (got <= 0) {
            break;
        }
        sum += static_cast<std::size_t>(got);
    }
    me.note(std::to_string(sum));
}

TENDRIL_SCENE(KernelSendfile, SendsAllToASlowReader) {
    const int file = file_of(me, 3'000'000);
    const auto ends = me.socket_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        take(it, ends.b, 3'000'000);
    });
    me.saw("sendfile", me.call.sendfile(ends.a, file, nullptr, 3'000'000));
    me.saw("position", ::lseek(file, 0, SEEK_CUR));
    me.saw("sendfile at the end", me.call.sendfile(ends.a, file, nullptr, 100));
}

TENDRIL_SCENE(KernelSendfile, SendsFromAPlace) {
    const int file = file_of(me, 1000);
    const auto ends = me.tcp_pair();
    off_t place = 900;
    me.saw("sendfile", me.call.sendfile(ends.a, file, &place, 30));
    me.saw("place", place);
    me.saw("sendfile", me.call.sendfile(ends.a, file, &place, 300));
    me.saw("place", place);
    me.saw("position", ::lseek(file, 0, SEEK_CUR));
    take(me, ends.b, 100);
    me.saw("of -1", me.call.sendfile(ends.a, -1, nullptr, 1));
    me.saw("to -1", me.call.sendfile(-1, file, nullptr, 1));
    me.saw("of nothing", me.call.sendfile(ends.a, file, nullptr, 0));
    me.saw("from a socket", me.call.sendfile(ends.a, ends.b, nullptr, 1) < 0);
}

TENDRIL_SCENE(KernelSplice, WaitsForAPipeAndForRoom) {
    const auto from = me.pipe();
    const auto to = me.socket_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(from.b, "abc", 3));
    });
    me.saw("splice", me.call.splice(from.a, nullptr, to.a, nullptr, 100, 0));
    char bytes[8];
    me.saw("read", me.call.read(to.b, bytes, sizeof bytes), bytes);
    const auto full = me.pipe();
    me.fill(full.b);
    me.saw("write", me.call.write(from.b, "def", 3));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string some(1 << 17, '\0');
        it.saw("read", it.call.read(full.a, some.data(), some.size()));
    });
    me.saw("splice", me.call.splice(from.a, nullptr, full.b, nullptr, 100, 0));
}

TENDRIL_SCENE(KernelSplice, SeesTheEndAndBadArguments) {
    const auto from = me.pipe();
    const auto to = me.pipe();
    me.saw("not waiting", me.call.splice(from.a, nullptr, to.b, nullptr, 100, SPLICE_F_NONBLOCK));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(from.b);
    });
    me.saw("splice", me.call.splice(from.a, nullptr, to.b, nullptr, 100, 0));
    me.saw("of -1", me.call.splice(-1, nullptr, to.b, nullptr, 100, 0));
    me.saw("to -1", me.call.splice(from.a, nullptr, -1, nullptr, 100, 0));
    const auto sockets = me.socket_pair();
    me.saw("without a pipe", me.call.splice(sockets.a, nullptr, sockets.b, nullptr, 100, 0));
    loff_t place = 0;
    me.saw("place in a pipe", me.call.splice(from.a, &place, to.b, nullptr, 100, 0));
}

}  // namespace
}  // namespace tendril::patch::testing

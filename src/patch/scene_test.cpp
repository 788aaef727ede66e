// SPDX-License-Identifier: MIT

#include "scene.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>

#include <tendril/hub.hpp>

#include "hub/here.hpp"
#include "patch/hooks.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {

const SceneCalls& SceneCalls::plain() {
    static const SceneCalls calls;
    return calls;
}

const SceneCalls& SceneCalls::hooked() {
    static const SceneCalls calls = [] {
        SceneCalls made;
#define TENDRIL_SCENE_CALL(name)                                            \
    if (const detail::Hook* hook = detail::hook_for(#name)) {               \
        made.name = reinterpret_cast<decltype(&::name)>(hook->replacement); \
    }
        TENDRIL_SCENE_CALLS(TENDRIL_SCENE_CALL)
#undef TENDRIL_SCENE_CALL
        return made;
    }();
    return calls;
}

namespace {

bool sleeps(int thread) {
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string text;
    std::getline(stat, text);
    const auto at = text.rfind(") ");
    return at != std::string::npos && text[at + 2] == 'S';
}

int checked(int result) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category());
    }
    return result;
}

}  // namespace

Party::Party(Scene& scene, Way w, bool first)
    : call(w == Way::plain ? SceneCalls::plain() : SceneCalls::hooked()), way(w), scene_(scene), first_(first) {}

void Party::begin() {
    if (way == Way::green || (way == Way::mixed && first_)) {
        fiber_ = &tendril::detail::here::fiber();
    }
    thread_ = static_cast<int>(::syscall(SYS_gettid));
    errno = 0;
}

void Party::note(std::string_view text) {
    log_.emplace_back(text);
    errno = 0;
}

long Party::saw(std::string_view what, long result) {
    const int error = errno;
    note(std::string(what) + " = " + std::to_string(result) + (error != 0 ? ", errno " + std::to_string(error) : ""));
    return result;
}

long Party::saw(std::string_view what, long result, const char* bytes) {
    saw(what, result);
    if (result > 0) {
        log_.back() += ": " + std::string(bytes, static_cast<std::size_t>(result));
    }
    return result;
}

int Party::saw_descriptor(std::string_view what, int fd) {
    saw(what, fd >= 0 ? 0 : -1);
    if (fd >= 0) {
        keep(fd);
    }
    return fd;
}

void Party::noted_span(std::chrono::steady_clock::time_point since, std::chrono::milliseconds least) {
    const auto passed = std::chrono::steady_clock::now() - since;
    // The kernel counts its sockets' limits in ticks, from the last one that it has seen: its own may end early.
    const bool too_early = green() && passed < least;
    note(too_early ? "too early" : passed > least + 5s ? "too late" : "in time");
}

Party& Party::bring(std::function<void(Party&)> act) {
    return scene_.bring(std::move(act));
}

void Party::join(Party& other) {
    if (other.os_thread_.joinable()) {
        other.os_thread_.join();
    } else if (other.greenlet_) {
        other.greenlet_.get();
    }
    errno = 0;
}

void Party::until_waits(const Party& other) {
    const bool is_green = other.way == Way::green || (other.way == Way::mixed && other.first_);
    for (int times = 0; times < 3 && !other.ended_;) {
        if (is_green && green()) {
            tendril::sleep(1ms);  // the hub asks for events then
            times = other.fiber_ != nullptr && !other.ended_ && other.fiber_->waiter != nullptr ? times + 1 : 0;
        } else {
            std::this_thread::sleep_for(1ms);
            times = other.thread_ != 0 && sleeps(other.thread_) ? times + 1 : 0;
        }
    }
    if (other.ended_) {
        note("the other has ended, and does not wait");
    }
    errno = 0;
}

void Party::pause(std::chrono::milliseconds span) {
    if (green()) {
        tendril::sleep(span);
    } else {
        std::this_thread::sleep_for(span);
    }
    errno = 0;
}

void Party::signal(const Party& other, int number) {
    ::syscall(SYS_tgkill, ::getpid(), other.thread_, number);
    errno = 0;
}

Party& Party::first() {
    return scene_.first_;
}

int Party::keep(int fd) {
    scene_.descriptors_.insert(checked(fd));
    return fd;
}

int Party::close(int fd) {
    scene_.descriptors_.erase(fd);
    return static_cast<int>(saw("close", call.close(fd)));
}

Party::Two Party::pipe(int flags) {
    int ends[2];
    checked(::pipe2(ends, flags));
    return {keep(ends[0]), keep(ends[1])};
}

Party::Two Party::socket_pair(int type) {
    int ends[2];
    checked(::socketpair(AF_UNIX, type, 0, ends));
    return {keep(ends[0]), keep(ends[1])};
}

int Party::listener(int backlog) {
    const int fd = keep(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    checked(::listen(fd, backlog));
    return fd;
}

Party::Two Party::tcp_pair() {
    const int listening = listener();
    sockaddr_in address{};
    socklen_t length = sizeof address;
    checked(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &length));
    const int client = keep(::socket(AF_INET, SOCK_STREAM, 0));
    checked(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    const int server = keep(::accept(listening, nullptr, nullptr));
    errno = 0;
    return {client, server};
}

std::size_t Party::fill(int fd, std::size_t n) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    const std::string some(4096, '.');
    std::size_t written = 0;
    while (written < n) {
        const ssize_t r = ::write(fd, some.data(), std::min(n - written, some.size()));
        if (r < 0) {
            break;
        }
        written += static_cast<std::size_t>(r);
    }
    ::fcntl(fd, F_SETFL, flags);
    errno = 0;
    return written;
}

Party& Scene::bring(std::function<void(Party&)> act) {
    Party& party = *others_.emplace_back(std::make_unique<Party>(*this, way_, false));
    auto body = [&party, act = std::move(act)] {
        party.begin();
        act(party);
        party.ended_ = true;
    };
    if (way_ == Way::green) {
        party.greenlet_ = spawn(std::move(body));
    } else {
        party.os_thread_ = std::thread(std::move(body));
    }
    errno = 0;
    return party;
}

std::vector<std::string> Scene::play(void (*script)(Party&)) {
    first_.begin();
    script(first_);
    std::vector<std::string> seen = first_.log_;
    for (const auto& each : others_) {
        first_.join(*each);
        seen.emplace_back("---");
        seen.insert(seen.end(), each->log_.begin(), each->log_.end());
    }
    for (const int fd : descriptors_) {
        first_.call.close(fd);
    }
    return seen;
}

namespace {

// What the kernel says; asked once for each script.
const std::vector<std::string>& plainly(void (*script)(Party&)) {
    static std::map<void (*)(Party&), std::vector<std::string>> known;
    const auto [at, is_new] = known.try_emplace(script);
    if (is_new) {
        std::vector<std::string>& seen = at->second;
        std::thread([&seen, script] { seen = Scene(Way::plain).play(script); }).join();
    }
    return at->second;
}

}  // namespace

void compare_with_plain(void (*script)(Party&)) {
    const std::vector<std::string>& plain = plainly(script);
    for (const Way way : {Way::green, Way::mixed}) {
        SCOPED_TRACE(way == Way::green ? "green" : "mixed");
        EXPECT_EQ(Scene(way).play(script), plain);
    }
}

namespace {

TENDRIL_SCENE(Scene, PartiesSeeEachOther) {
    const auto ends = me.pipe();
    Party& other = me.bring([=](Party& it) { it.saw("write", it.call.write(ends.b, "abc", 3)); });
    me.join(other);
    char bytes[8];
    me.saw("read", me.call.read(ends.a, bytes, sizeof bytes), bytes);
    me.saw("read", me.call.read(-1, bytes, sizeof bytes), bytes);
}

}  // namespace

}  // namespace tendril::patch::testing

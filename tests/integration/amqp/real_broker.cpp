// SPDX-License-Identifier: MIT

#include "real_broker.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>
#include <tendril/thread_pool.hpp>

namespace tendril::amqp::testing {

namespace {

constexpr int skipped = 77;

// Returns: empty at the end of the stream.
std::string read_line(int from) {
    std::string line;
    for (char c = 0; ::read(from, &c, 1) == 1;) {
        line += c;
        if (c == '\n') {
            break;
        }
    }
    return line;
}

[[noreturn]] void give_up(const std::string& said) {
    std::fprintf(stderr, "tests/support/servers/broker.py: %s\n", said.c_str());
    std::_Exit(said.starts_with("skipped") ? skipped : 1);
}

// Before any test looks at what descriptors there are.
class Start final : public ::testing::Environment {
public:
    void SetUp() override { RealBroker::get(); }
};
const auto* const start = ::testing::AddGlobalTestEnvironment(new Start);

}  // namespace

RealBroker& RealBroker::get() {
    static RealBroker broker;
    return broker;
}

RealBroker::RealBroker() {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) {
        give_up("no pipes");
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    std::array<char*, 3> argv{const_cast<char*>("python3"), const_cast<char*>(TENDRIL_BROKER), nullptr};
    const int error = ::posix_spawnp(nullptr, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    if (error != 0) {
        give_up("no python3");
    }
    to_ = to[1];
    from_ = from[0];
    const std::string line = read_line(from_);
    std::istringstream said(line);
    std::string word;
    said >> word >> port_ >> tls_port_ >> folder_;
    if (word != "ready") {
        give_up(line.empty() ? "ended" : line);
    }
}

std::string RealBroker::file(std::string_view name) const {
    return folder_ + "/" + std::string(name);
}

std::string RealBroker::url() const {
    return "amqp://127.0.0.1:" + std::to_string(port_);
}

std::string RealBroker::order(std::string_view line) {
    const std::string text = std::string(line) + "\n";
    const Shield whole;  // an answer that nobody reads would be the next order's
    std::string answer = offload([this, &text] {
        if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            return std::string();
        }
        return read_line(from_);
    });
    if (!answer.starts_with("ok")) {
        throw std::runtime_error("broker.py: " + std::string(line) + ": " + answer);
    }
    answer.erase(0, answer.size() > 3 ? 3 : answer.size());
    if (answer.ends_with('\n')) {
        answer.pop_back();
    }
    return answer;
}

// The alarm is raised by a message to a process that then tells all connections: what is published before that is
// taken, and blocks nobody.
RealBroker::LowMemory::LowMemory() {
    set_watermark("0.00001");
    while (get().evaluate("rabbit_alarm:get_alarms()").find("memory") == std::string::npos) {
    }
}

void RealBroker::LowMemory::set_watermark(std::string_view value) {
    get().evaluate("vm_memory_monitor:set_vm_memory_high_watermark(" + std::string(value) + ")");
}

void RealBroker::LowMemory::end() {
    if (!ended_) {
        ended_ = true;
        set_watermark("{absolute, \"2GB\"}");
    }
}

}  // namespace tendril::amqp::testing

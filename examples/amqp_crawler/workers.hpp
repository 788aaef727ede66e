// SPDX-License-Identifier: MIT
//
// Three processes of this program that work. On several machines something else would start them.

#pragma once

#include <string>
#include <vector>

#include <tendril/process.hpp>
#include <tendril/shield.hpp>

class Workers {
public:
    explicit Workers(const std::string& broker) {
        for (int i = 0; i < 3; ++i) {
            processes_.emplace_back(std::vector<std::string>{"/proc/self/exe", "worker", "--queue", "pages"},
                                    tendril::PopenOptions{.add_env = {{"TENDRIL_WORKER_URL", broker}}});
        }
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() {
        const tendril::Shield shield;  // a destructor must not be interrupted in its waits
        for (tendril::Popen& each : processes_) {
            each.terminate();
        }
        for (tendril::Popen& each : processes_) {
            each.wait();  // it ends when its tasks have ended
        }
    }

    void kill_one() { processes_.front().kill(); }

private:
    std::vector<tendril::Popen> processes_;
};

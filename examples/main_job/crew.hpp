// SPDX-License-Identifier: MIT
//
// Crew: green threads that do not outlive this object. If an exception leaves its scope, it kills them.

#pragma once

#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>

namespace demo {

class Crew {
public:
    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() { tendril::kill_all(members_); }

    template <class F>
    const tendril::Greenlet<void>& add(F f) {
        return members_.emplace_back(tendril::spawn(std::move(f)));
    }

    // Waits for all. Throws: the first error of a member.
    void join() { tendril::join_all(members_, {.raise_error = true}); }

private:
    std::vector<tendril::Greenlet<void>> members_;
};

}  // namespace demo

// SPDX-License-Identifier: MIT

#include "interleavings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <tendril/error.hpp>
#include <tendril/hub.hpp>

#include "base/report.hpp"
#include "hub/hub_core.hpp"

namespace tendril::testing {

namespace {

using detail::HubCore;

constexpr std::size_t most_choices = 5000;

std::string to_string(const std::vector<std::size_t>& choices) {
    std::string text;
    for (const std::size_t each : choices) {
        text += (text.empty() ? "" : " ") + std::to_string(each);
    }
    return text;
}

// The parsed TENDRIL_REPLAY.
struct Replay {
    std::string name;
    std::vector<std::size_t> choices;

    Replay() {
        const char* text = std::getenv("TENDRIL_REPLAY");
        const std::string all = text != nullptr ? text : "";
        const std::size_t colon = all.rfind(':');
        name = all.substr(0, colon);
        if (colon != std::string::npos) {
            const char* at = all.c_str() + colon + 1;
            char* end = nullptr;
            for (std::size_t n = std::strtoul(at, &end, 10); end != at; n = std::strtoul(at, &end, 10)) {
                choices.push_back(n);
                at = end;
            }
        }
    }
};

}  // namespace

// The tree of choices: a path from its root, which next() moves to the next leaf.
class Tree final : public detail::Chooser {
public:
    const Deadline::Clock::time_point beginning = Deadline::Clock::now() + std::chrono::hours(1);
    bool telling = false;

    explicit Tree(std::string_view name) : name_(name) {}

    std::size_t choose(std::size_t of) noexcept {
        if (at_ == path_.size()) {
            if (at_ == most_choices) {
                give_up("this order does not end");
            }
            path_.push_back({0, of});
        } else if (path_[at_].of == 0) {
            path_[at_].of = of;  // this choice is being replayed
        }
        if (path_[at_].of != of || path_[at_].taken >= of) {
            give_up("the scenario does not do the same whenever the same is chosen");
        }
        return path_[at_++].taken;
    }

    bool pass_time(std::int64_t, bool must) noexcept override {
        const bool passes = must || choose(2) == 1;
        if (telling && passes) {
            std::printf("    the next deadline comes\n");
        }
        return passes;
    }

    std::size_t pick(std::size_t ready) noexcept override {
        const std::size_t picked = choose(ready);
        if (telling) {
            const detail::Fiber& next = HubCore::here().ready.at(picked);
            std::printf("    %s goes on, of %zu\n",
                        next.record != nullptr && !next.record->name.empty() ? next.record->name.c_str()
                        : &next == HubCore::here().callback_fiber            ? "the hub's callbacks"
                        : &next == &HubCore::here().main                     ? "main"
                                                                             : "one without a name",
                        ready);
        }
        return picked;
    }

    void rewind() noexcept { at_ = 0; }
    void replay(const std::vector<std::size_t>& choices) {
        path_.clear();
        for (const std::size_t each : choices) {
            path_.push_back({each, 0});
        }
    }
    bool next() {
        path_.resize(at_);
        while (!path_.empty() && path_.back().taken + 1 == path_.back().of) {
            path_.pop_back();
        }
        if (path_.empty()) {
            return false;
        }
        ++path_.back().taken;
        return true;
    }
    std::vector<std::size_t> taken() const {
        std::vector<std::size_t> choices;
        for (std::size_t i = 0; i < std::min(at_, path_.size()); ++i) {
            choices.push_back(path_[i].taken);
        }
        return choices;
    }
    // Prints the choices, and aborts.
    [[noreturn]] void give_up(const std::string& why) {
        detail::report(why + "; TENDRIL_REPLAY=\"" + name_ + ": " + to_string(taken()) + '"');
        std::abort();
    }

    std::size_t depth() const noexcept { return at_; }
    bool went_astray() const noexcept { return at_ < path_.size(); }

private:
    struct Choice {
        std::size_t taken;
        std::size_t of;
    };

    std::string name_;
    std::vector<Choice> path_;
    std::size_t at_ = 0;
};

std::size_t Order::choose(std::size_t of) {
    return of < 2 ? 0 : tree_.choose(of);
}

Deadline Order::at(int n) const {
    return tree_.beginning + std::chrono::seconds(n);
}

void Order::saw(std::string_view outcome) {
    const auto it = seen_.find(outcome);
    ++(it != seen_.end() ? it->second : seen_[std::string(outcome)]);
}

void Order::finish(const std::function<bool()>& rescue) {
    for (bool over = false; !over;) {
        try {
            join_all(members_);
            over = true;
        } catch (const LoopExit& e) {
            if (rescue && rescue()) {
                continue;
            }
            HubCore::here().chooser = nullptr;
            const std::string text = e.what();
            try {
                kill_all(members_);
            } catch (const LoopExit&) {  // the objects they use are about to be destroyed
                tree_.give_up("a wake-up is lost, and a kill does not reach all: " + text);
            }
            throw std::runtime_error("a wake-up is lost: " + text);
        }
    }
    for (const AnyGreenlet& each : members_) {
        if (each.exception() != nullptr && !each.killed()) {
            throw std::runtime_error('"' + std::string(each.name()) + "\" threw " + detail::describe(each.exception()));
        }
    }
}

void Explored::expect_outcomes(std::string_view outcomes) const {
    std::string all;
    for (const auto& [outcome, times] : seen) {
        all += (all.empty() ? "" : ", ") + outcome;
    }
    if (!replayed && failure.empty()) {
        EXPECT_EQ(all, outcomes) << "were the outcomes that were seen, and that should be";
    }
}

namespace {

// Runs one order. Returns: what is wrong; empty: nothing.
std::string go_through(Tree& tree, Explored& explored, const std::function<void(Order&)>& scenario) {
    HubCore& hub = HubCore::here();
    tree.rewind();
    std::string failure;
    try {
        Order order(tree, explored.seen);
        hub.chooser = &tree;
        hub.budget = 1;
        scenario(order);
    } catch (const std::exception& e) {
        failure = e.what();
    } catch (const Interrupt& e) {
        failure = e.what();
    }
    hub.chooser = nullptr;
    yield();  // callbacks that are due may run
    ++explored.runs;
    explored.deepest = std::max(explored.deepest, tree.depth());
    const HubStats left = Hub::current().stats();
    if (failure.empty() && (left.greenlets != 0 || left.timers != 0 || left.stacks_used > 1)) {
        failure = "left are " + std::to_string(left.greenlets) + " green threads, " + std::to_string(left.timers) +
                  " timers, " + std::to_string(left.stacks_used) + " stacks";
    }
    if (failure.empty() && tree.went_astray()) {
        failure = "the scenario does not do the same whenever the same is chosen";
    }
    if (failure.empty() && ::testing::Test::HasFailure()) {
        failure = "a check failed, see above";
    }
    return failure;
}

void walk(Tree& tree, Explored& explored, const std::function<void(Order&)>& scenario, const Limits& limits) {
    std::string unhandled;
    Hub::current().set_error_handler([&](const ErrorContext&, const std::exception_ptr& error) {
        const std::string text = detail::describe(error);
        unhandled = text == limits.may_be_unhandled ? unhandled : text;
    });
    spawn([] {}).link([](const AnyGreenlet&) {}).keep();  // so that the hub's own green thread exists from the start
    for (int i = 0; i < 3; ++i) {
        yield();
    }
    do {
        explored.failure = go_through(tree, explored, scenario);
        if (explored.failure.empty() && !unhandled.empty()) {
            explored.failure = "nobody handled: " + unhandled;
        }
        if (!explored.failure.empty() || tree.telling) {
            break;
        }
        if (explored.runs == limits.runs) {
            if (!limits.bounded) {
                explored.failure = "more than " + std::to_string(limits.runs) + " orders: make the scenario smaller";
            }
            break;
        }
    } while (tree.next());
    explored.choices = tree.taken();
    Hub::current().set_error_handler({});
}

}  // namespace

Explored try_every_order(std::string_view name, const std::function<void(Order&)>& scenario, const Limits& limits) {
    Explored explored;
    const Replay replay;
    explored.replayed = !replay.name.empty();
    if (explored.replayed && replay.name != name) {
        return explored;
    }
    Tree tree(name);
    if (explored.replayed) {
        tree.telling = true;
        tree.replay(replay.choices);
    }
    std::thread([&] { walk(tree, explored, scenario, limits); }).join();  // in a fresh hub
    return explored;
}

Explored explore(std::string_view name, const std::function<void(Order&)>& scenario, const Limits& limits) {
    Explored explored = try_every_order(name, scenario, limits);
    const std::string title(name);
    std::printf("[ explored ] %8zu orders of at most %2zu choices: %s\n", explored.runs, explored.deepest,
                title.c_str());
    std::fflush(stdout);
    if (!explored.failure.empty()) {
        ADD_FAILURE() << title << ", order number " << explored.runs << ": " << explored.failure
                      << "\nrun it alone with TENDRIL_REPLAY=\"" << title << ": " << to_string(explored.choices) << '"';
    }
    return explored;
}

}  // namespace tendril::testing

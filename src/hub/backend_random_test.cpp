// SPDX-License-Identifier: MIT
//
// Random arming, writing, draining, closing and reusing of numbers on every backend, against a model of what its user
// believes: nothing that is armed is lost, and no event comes for what was disarmed.

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tendril/fd.hpp>

#include "hub/backend.hpp"

namespace tendril::detail {
namespace {

class Model {
public:
    explicit Model(std::string_view backend) : backend_(make_backend(backend)) {}
    ~Model() {
        for (Place& place : places_) {
            if (place.registered) {
                backend_->disarm(place.here.get(), place.token);
            }
        }
    }

    void step() {
        Place& place = places_[random_() % places_.size()];
        switch (random_() % 8) {
        case 0:
            close(place);
            break;
        case 1:
            open(place);
            break;
        case 2:
        case 3:
            open(place);
            EXPECT_EQ(::write(place.peer.get(), "x", 1), 1);
            break;
        case 4:
            drain_and_await(place);
            break;
        case 5:
            if (place.registered) {  // somebody joins who watches the same
                arm(place);
            }
            break;
        case 6:
            write_to_a_survivor();
            break;
        default:
            wait(0);
        }
    }

    // All that is to come has come.
    void settle() {
        for (int empty = 0; empty < 5;) {  // a wait may end early for no reason
            empty = wait(1'000'000) ? 0 : empty + 1;
        }
        for (const Place& place : places_) {
            char c = 0;
            if (place.registered && ::recv(place.here.get(), &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1) {
                EXPECT_TRUE(place.readable) << "lost: there are data, and its user waits for them";
            }
        }
    }

private:
    struct Place {
        Fd here;
        Fd peer;
        std::uint64_t token = 0;
        Events armed = events::none;
        bool registered = false;
        bool readable = false;
    };
    struct Survivor {  // a duplicate of what was disarmed and closed
        Fd dup;
        Fd peer;
    };

    void open(Place& place) {
        if (!place.here) {
            int both[2] = {-1, -1};
            ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
            place.here = Fd(both[0]);
            place.peer = Fd(both[1]);
            place.token = next_token_++;
            by_token_[place.token] = &place;
        }
    }

    void close(Place& place) {
        if (!place.here) {
            return;
        }
        if (random_() % 4 == 0) {
            survivors_[random_() % survivors_.size()] = {Fd(::dup(place.here.get())), std::move(place.peer)};
        }
        if (place.registered) {
            backend_->disarm(place.here.get(), place.token);
        }
        by_token_.erase(place.token);
        place = Place{};
    }

    void arm(Place& place) {
        ASSERT_EQ(backend_->arm(place.here.get(), place.token, events::read, place.registered), 0);
        place.registered = true;
        place.armed |= events::read;
    }

    // As a green thread does that reads until it must wait.
    void drain_and_await(Place& place) {
        if (place.here) {
            std::array<char, 256> buffer{};
            while (::recv(place.here.get(), buffer.data(), buffer.size(), 0) > 0) {
            }
            place.readable = false;
            if ((place.armed & events::read) == 0) {
                arm(place);
            }
        }
    }

    void write_to_a_survivor() {
        const Survivor& survivor = survivors_[random_() % survivors_.size()];
        if (survivor.peer) {
            EXPECT_NE(::send(survivor.peer.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
        }
    }

    bool wait(std::int64_t timeout_ns) {
        const auto now = backend_->wait(timeout_ns);
        for (const BackendEvent& event : now) {
            const auto found = by_token_.find(event.token);
            if (found == by_token_.end()) {
                ADD_FAILURE() << "an event for token " << event.token << ", which was disarmed before the wait";
                continue;
            }
            Place& place = *found->second;
            EXPECT_EQ(event.what & events::invalid, 0);
            place.readable = place.readable || (event.what & events::read) != 0;
            if (!backend_->persistent()) {
                place.armed &= static_cast<Events>(~event.what);
            }
        }
        return !now.empty();
    }

    std::unique_ptr<Backend> backend_;
    std::mt19937 random_{20261125};
    std::array<Place, 24> places_;
    std::array<Survivor, 8> survivors_;
    std::map<std::uint64_t, Place*> by_token_;
    std::uint64_t next_token_ = 1;
};

class RandomBackend : public ::testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Backend, RandomBackend, ::testing::ValuesIn(backend_names()),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(RandomBackend, LosesNothingAndTellsNothingStale) {
    Model model(GetParam());
    for (int i = 0; i < 100'000 && !::testing::Test::HasFailure(); ++i) {
        model.step();
        if (i % 500 == 0) {
            model.settle();
        }
    }
}

}  // namespace
}  // namespace tendril::detail

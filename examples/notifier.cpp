// SPDX-License-Identifier: MIT
//
// A Notifier: a type of one's own that wait() takes among others, with a time limit.

#include <chrono>
#include <cstdio>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/notifier.hpp>
#include <tendril/wait.hpp>

using namespace std::chrono_literals;

// Counts up; those who wait for it wait until it has reached its goal.
class Odometer {
public:
    explicit Odometer(int goal) : goal_(goal) {}
    void drive(int miles) {
        miles_ += miles;
        std::printf("%d miles\n", miles_);
        if (ready()) {
            reached_.notify();
        }
    }
    bool ready() const { return miles_ >= goal_; }
    void observe(tendril::Observer& observer) const { reached_.observe(observer); }

private:
    int goal_;
    int miles_ = 0;
    tendril::Notifier reached_;
};

int main() {
    Odometer odometer(300);
    tendril::Event stop;
    const auto car = tendril::spawn([&] {
        while (!odometer.ready()) {
            odometer.drive(120);
            tendril::yield();
        }
    });
    const auto ready = tendril::wait({tendril::AnyWaitable(odometer), tendril::AnyWaitable(stop)}, 60s, 1);
    std::puts(ready.size() == 1 && ready[0].is(odometer) ? "arrived" : "stopped");
    car.join();
}

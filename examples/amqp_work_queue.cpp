// SPDX-License-Identifier: MIT
//
// Workers share a queue of tasks: a busy one is sent no more, and what one leaves undone is done by another. The
// argument is the broker's URL.

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

#include <tendril/amqp/client.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/latch.hpp>

using namespace std::chrono_literals;
using namespace tendril;

Event long_task_began;
Latch short_tasks(4);
Latch all_tasks(5);

void do_task(const std::string& task) {
    if (task == "long") {
        long_task_began.set();
        short_tasks.wait();
    } else {
        short_tasks.count_down();
    }
    std::printf("done: %s\n", task.c_str());
    all_tasks.count_down();
}

void work(amqp::Client& client) {
    amqp::Consumer tasks = client.consumer("tasks", {.prefetch = 1});  // the next one when this one is done
    for (amqp::Delivery& task : tasks) {                               // acked when the body of the loop ends
        if (task.redelivered()) {
            std::printf("again: %s\n", task.body().c_str());
        }
        do_task(task.body());
    }
}

int main(int argc, char** argv) {
    // A queue that outlives the broker, and messages that do too, are the default.
    amqp::Client client(argc > 1 ? argv[1] : "amqp://localhost", {.topology = {.queues = {{"tasks"}}}});
    amqp::Publisher publisher = client.publisher("");
    publisher.publish("tasks", {.body = "long"});

    auto unlucky = spawn(work, std::ref(client));
    long_task_began.wait();
    unlucky.kill();  // its task goes back to the queue

    long_task_began.clear();
    auto first = spawn(work, std::ref(client));
    long_task_began.wait();
    auto second = spawn(work, std::ref(client));
    for (const char* task : {"short 1", "short 2", "short 3", "short 4"}) {
        publisher.publish("tasks", {.body = task});
    }
    all_tasks.wait();
    client.close(10s);  // ends the workers' loops
    first.get();
    second.get();
}

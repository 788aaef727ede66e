// SPDX-License-Identifier: MIT
//
// Queue, LifoQueue, PriorityQueue; task_done() and join(), which are the JoinableQueue's here.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include <tendril/group.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/queue.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::JoinableQueue<int> tasks(2);
    std::vector<int> done;
    tendril::Group workers;
    for (int i = 0; i < 2; ++i) {
        workers.spawn([&] {
            for (;;) {
                done.push_back(tasks.get());
                tendril::sleep(10ms);
                tasks.task_done();
            }
        });
    }
    tendril::sleep();
    std::printf("getting %zu putting %zu\n", tasks.getting(), tasks.putting());
    for (int task = 0; task < 5; ++task) {
        tasks.put(task);
    }
    tasks.join();
    std::sort(done.begin(), done.end());
    std::printf("all done: [%d, %d, %d, %d, %d]\n", done.at(0), done.at(1), done.at(2), done.at(3), done.at(4));
    workers.kill();

    tendril::LifoQueue<int> last_first;
    tendril::PriorityQueue<int> smallest_first;
    for (const int item : {2, 1, 3}) {
        last_first.put(item);
        smallest_first.put(item);
    }
    const auto show = [](auto& queue, const char* end) {
        const int first = queue.get(), second = queue.get(), third = queue.get();
        std::printf("[%d, %d, %d]%s", first, second, third, end);
    };
    show(last_first, " ");
    show(smallest_first, "\n");

    try {
        tasks.get(10ms);
    } catch (const tendril::Empty&) {
        std::puts("empty");
    }
    tasks.put_nowait(1);
    tasks.put_nowait(2);
    try {
        tasks.put_nowait(3);
    } catch (const tendril::Full&) {
        std::printf("full %zu\n", tasks.size());
    }
}

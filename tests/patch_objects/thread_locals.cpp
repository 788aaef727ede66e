// SPDX-License-Identifier: MIT
//
// A library with thread_local variables, whose addresses its code asks the dynamic linker for.

namespace {

struct Counted {
    int value = 7;
    int* destroyed = nullptr;

    ~Counted() {
        if (destroyed != nullptr) {
            ++*destroyed;
        }
    }
};

thread_local int with_value = 42;
thread_local int zero;
alignas(64) thread_local char aligned[64];
thread_local Counted counted;

}  // namespace

extern "C" {
int* thread_local_with_value() {
    return &with_value;
}
int* thread_local_zero() {
    return &zero;
}
char* thread_local_aligned() {
    return aligned;
}
// Counts its destruction, too.
int* thread_local_counted(int* destroyed) {
    counted.destroyed = destroyed;
    return &counted.value;
}
}

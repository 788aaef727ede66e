// SPDX-License-Identifier: MIT
//
// Static objects of this library are not destroyed: the exit handlers of the program and of other libraries run in
// green threads until the process ends, some of them after this library's own.

extern "C" {

[[gnu::visibility("hidden")]] int __cxa_atexit(void (*)(void*), void*, void*);

int __cxa_atexit(void (*)(void*), void*, void*) {
    return 0;
}

}  // extern "C"

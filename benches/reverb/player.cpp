// Plays a class that FAUST wrote, and tells how long it took.
//
// For each line on standard input: "p FRAMES" plays noise and prints nanoseconds
// of processor time a frame, "r FRAMES" prints the response to an impulse in the
// first input, the outputs of a frame on a line.
#include <cstdio>
#include <ctime>
#include <vector>
#include <xmmintrin.h>

// What FAUST's classes ask of their surroundings; a network has no controls.
#define FAUSTFLOAT float
struct Meta { void declare(const char*, const char*) {} };
struct UI { void openVerticalBox(const char*) {} void closeBox() {} };
struct dsp { virtual ~dsp() {} };

<<includeIntrinsic>>
<<includeclass>>

static const int BLOCK = 512;

static double now() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * t.tv_sec + t.tv_nsec;
}

int main() {
    // Ours computes without denormal numbers too.
    _mm_setcsr(_mm_getcsr() | 0x8040);
    mydsp* network = new mydsp();
    network->init(48000);
    std::vector<float> x(2 * BLOCK), y(2 * BLOCK);
    float* inputs[] = {&x[0], &x[BLOCK]};
    float* outputs[] = {&y[0], &y[BLOCK]};
    char order;
    int frames;
    while (scanf(" %c %d", &order, &frames) == 2) {
        if (order == 'r') {
            network->init(48000);
            std::fill(x.begin(), x.end(), 0.0f);
            x[0] = 1.0f;
            for (int done = 0; done < frames; done += BLOCK, x[0] = 0.0f) {
                network->compute(BLOCK, inputs, outputs);
                for (int t = 0; t < BLOCK; t++) printf("%.9g %.9g\n", y[t], y[BLOCK + t]);
            }
        } else {
            unsigned noise = 1;
            for (float& s : x) s = (int)(noise = noise * 1664525u + 1013904223u) * (0.1f / 2147483648.0f);
            double start = now();
            for (int done = 0; done < frames; done += BLOCK) network->compute(BLOCK, inputs, outputs);
            printf("%.4f\n", (now() - start) / frames);
        }
        fflush(stdout);
    }
    delete network;
}

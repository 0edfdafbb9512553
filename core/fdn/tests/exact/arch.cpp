// Runs a FAUST program on a unit impulse into each input in turn, and writes
// what comes out: float32, inputs × outputs × samples.
#include <cstdio>
#include <cstdlib>
#include <vector>

#ifndef FAUSTFLOAT
#define FAUSTFLOAT float
#endif

struct Meta {
    void declare(const char*, const char*) {}
};

struct UI {
    void openVerticalBox(const char*) {}
    void closeBox() {}
};

struct dsp {
    virtual ~dsp() {}
};

<<includeIntrinsic>>

<<includeclass>>

int main(int argc, char** argv) {
    const int frames = argc > 2 ? std::atoi(argv[2]) : 0;
    std::FILE* file = argc > 1 ? std::fopen(argv[1], "wb") : nullptr;
    if (!file) return 1;
    mydsp* d = new mydsp();
    const int ins = d->getNumInputs(), outs = d->getNumOutputs();
    for (int k = 0; k < ins; ++k) {
        d->init(48000);
        std::vector<std::vector<float>> in(ins, std::vector<float>(frames)), out(outs, std::vector<float>(frames));
        in[k][0] = 1.0f;
        std::vector<float*> x, y;
        for (auto& c : in) x.push_back(c.data());
        for (auto& c : out) y.push_back(c.data());
        d->compute(frames, x.data(), y.data());
        for (auto& c : out) std::fwrite(c.data(), sizeof(float), frames, file);
    }
    std::fclose(file);
    delete d;
    return 0;
}

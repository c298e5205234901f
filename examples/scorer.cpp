// SPDX-License-Identifier: BSD-2-Clause-Patent

// A C++ host without libvmaf: scores rows of features that it reads from standard input, in the model's feature
// order. RAII for the handle, a vector of frames, exceptions for error codes.
//
//   scorer [MODEL [CODEC]] < features.txt

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <vmaf_fr_v2.h>
#include <vmaf_fr_v2_pool.h>

namespace {

class Error : public std::runtime_error {
public:
    Error(int code, const std::string &message) : std::runtime_error(message), code_(code) {}
    int code() const noexcept { return code_; } // a negative errno

private:
    int code_;
};

class Scorer {
public:
    explicit Scorer(const char *model)
    {
        VmafFrV2 *fr = nullptr;
        VmafFrV2Config config;
        vmaf_fr_v2_config_default(&config);
        const int err = vmaf_fr_v2_open(&fr, model, &config);
        if (err) throw Error(err, vmaf_fr_v2_last_error(nullptr));
        handle_.reset(fr);
        info_.struct_size = sizeof(info_);
        check(vmaf_fr_v2_info(fr, &info_));
    }

    std::size_t width() const { return info_.n_features; }
    std::string id() const { return info_.id; }

    std::int32_t codec(const std::string &name) const
    {
        std::int32_t id = 0;
        check(vmaf_fr_v2_codec_id(handle_.get(), name.c_str(), &id));
        return id;
    }

    // `features`: one row of width() raw feature values per frame, one after the other.
    std::vector<VmafFrV2Score> score(const std::vector<float> &features, std::int32_t codec)
    {
        if (features.size() % width()) throw Error(-EINVAL, "the last frame is incomplete");
        const std::size_t n = features.size() / width();
        const std::vector<std::int32_t> codecs(n, codec);
        std::vector<VmafFrV2Score> scores(n);
        if (n) check(vmaf_fr_v2_score(handle_.get(), features.data(), codecs.data(), n, scores.data()));
        return scores;
    }

private:
    struct Close {
        void operator()(VmafFrV2 *fr) const { vmaf_fr_v2_close(fr); }
    };

    void check(int err) const
    {
        if (err) throw Error(err, vmaf_fr_v2_last_error(handle_.get()));
    }

    std::unique_ptr<VmafFrV2, Close> handle_;
    VmafFrV2Info info_{};
};

std::vector<float> read_rows(std::istream &in, std::size_t width)
{
    std::vector<float> features;
    std::string line;
    for (std::size_t row = 1; std::getline(in, line); row++) {
        std::istringstream words(line);
        std::size_t n = 0;
        for (std::string word; words >> word; n++) {
            std::size_t used = 0;
            float value = 0;
            try {
                value = std::stof(word, &used);
            } catch (const std::exception &) {
                used = 0;
            }
            if (used != word.size()) throw Error(-EINVAL, "line " + std::to_string(row) + ": no number: " + word);
            features.push_back(value);
        }
        if (n && n != width)
            throw Error(-EINVAL, "line " + std::to_string(row) + ": expected " + std::to_string(width) +
                                     " values, got " + std::to_string(n));
    }
    return features;
}

} // namespace

int main(int argc, char **argv)
try {
    Scorer scorer(argc > 1 && *argv[1] ? argv[1] : nullptr);
    const auto features = read_rows(std::cin, scorer.width());
    const auto scores = scorer.score(features, scorer.codec(argc > 2 ? argv[2] : "unknown"));

    std::vector<double> values;
    for (const auto &s : scores) {
        values.push_back(s.score);
        std::printf("%.9f\n", s.score);
    }
    double mean = 0;
    const int err = vmaf_fr_v2_pool(VMAF_FR_V2_POOL_MEAN, values.data(), values.size(), &mean);
    if (err) throw Error(err, "nothing to pool");
    std::printf("mean %.9f\n", mean);
    return 0;
} catch (const Error &error) {
    std::fprintf(stderr, "scorer: %s (%d)\n", error.what(), error.code());
    return 1;
}

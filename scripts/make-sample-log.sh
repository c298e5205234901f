#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause-Patent
# Makes samples/two-scenes-x265-crf34.json: generates 60 frames of content with FFmpeg's own sources (a zoom into
# the Mandelbrot set with film grain, then a cut to a test card over Conway's life), encodes them with x265 and
# measures all 22 features with libvmaf.
#
# Usage: scripts/make-sample-log.sh [OUTPUT.json]
# Needs an ffmpeg with libx265 and libvmaf (FFMPEG=/path/to/ffmpeg, else the one on PATH), such as the one inside the
# Python package imageio-ffmpeg. Numbers differ slightly between versions of x265 and libvmaf.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
ffmpeg=${FFMPEG:-ffmpeg}
output=${1:-"$root/samples/two-scenes-x265-crf34.json"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

size=640x360
rate=25
run() { "$ffmpeg" -hide_banner -loglevel error -nostdin -y "$@"; }

run -filter_complex "
  mandelbrot=size=$size:rate=$rate:start_scale=0.6:end_scale=0.05:end_pts=60:inner=period,
    noise=alls=7:allf=t:all_seed=1,trim=end_frame=30,setpts=N/$rate/TB,format=yuv420p[zoom];
  life=size=160x90:rate=$rate:seed=1:mold=10:death_color=#203040:life_color=#c0e0a0,
    scale=$size:flags=neighbor,format=yuv420p[life];
  testsrc2=size=$size:rate=$rate,format=yuv420p[card];
  [card][life]blend=all_mode=average,trim=end_frame=30,setpts=N/$rate/TB[mix];
  [zoom][mix]concat=n=2:v=1,settb=1/$rate,setpts=N[all]" \
  -map '[all]' -frames:v 60 -r $rate -c:v ffv1 "$work/reference.mkv"

run -i "$work/reference.mkv" -c:v libx265 -preset medium -crf 34 -x265-params log-level=none "$work/distorted.mp4"

(
  cd "$work"
  run -i distorted.mp4 -i reference.mkv -filter_complex "
    [0:v]settb=1/$rate,setpts=N[distorted];[1:v]settb=1/$rate,setpts=N[reference];
    [distorted][reference]libvmaf=shortest=1:model=version=vmaf_v0.6.1:feature='name=motion\:debug=true|name=psnr\
|name=float_ssim|name=float_ms_ssim|name=cambi|name=ciede|name=psnr_hvs':log_fmt=json:log_path=log.json" -f null -
)

mkdir -p "$(dirname "$output")"
mv "$work/log.json" "$output.part"
mv "$output.part" "$output"
echo "$output: $(grep -c frameNum "$output") frames, $(wc -c <"$output") bytes"

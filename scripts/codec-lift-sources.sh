#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# Makes the 14 contents of docs/codec-lift.md: nine cuts of two of Netflix's public test clips, five generated.
# All but gen_gradients come out the same every time; FFmpeg's gradients source does not, in spite of its seed.
#
# Usage: codec-lift-sources.sh FFMPEG PARK_JOY.y4m SEEKING.mp4 DIR

set -eu
[ $# -eq 4 ] || { sed -n 's/^# Usage: /usage: /p' "$0" >&2; exit 64; }
ffmpeg=$1 park_joy=$2 seeking=$3 out=$4
mkdir -p "$out"

make_clip() { # NAME, then ffmpeg's options
    name=$1
    shift
    "$ffmpeg" -nostdin -y -loglevel error "$@" -frames:v 20 -pix_fmt yuv420p "$out/$name.y4m"
}

make_clip park_joy -i "$park_joy"
number=0
for start in 0 1.2 2.4 3.6 4.8; do
    make_clip "seeking_$number" -ss "$start" -i "$seeking" -vf scale=480:320:flags=lanczos
    number=$((number + 1))
done
make_clip seeking_foliage -ss 0.6 -i "$seeking" -vf crop=352:240:0:20
make_clip seeking_close -ss 2.0 -i "$seeking" -vf crop=352:240:300:200
make_clip seeking_far -ss 4.2 -i "$seeking" -vf crop=352:240:40:220
make_clip gen_mandelbrot -f lavfi -i mandelbrot=size=480x320:rate=25:start_scale=0.5:end_pts=60
make_clip gen_gradients -f lavfi \
    -i gradients=size=480x320:rate=25:n=5:speed=0.03:seed=7,noise=alls=5:allf=t:all_seed=3
make_clip gen_testsrc2 -f lavfi -i testsrc2=size=480x320:rate=25
make_clip gen_cellauto -f lavfi -i cellauto=size=120x80:rate=25:rule=110:seed=5:scroll=1 \
    -vf scale=480:320:flags=bicubic,gblur=1.2
make_clip gen_sierpinski -f lavfi -i sierpinski=size=480x320:rate=25:type=carpet:seed=9

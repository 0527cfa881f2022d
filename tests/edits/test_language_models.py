import pytest

from holdfast.edits.proposals import GeneratorProposer, MaskedLMProposer
from holdfast.errors import InputError
from holdfast.testing import check_proposer
from holdfast.types import Snippet

torch = pytest.importorskip("torch")
WORDS = "the old red dog wolf ran sat to tom and cup small big".split()


def word_tokenizer(mask="[MASK]"):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[MASK]", ".", "##ing", *WORDS])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", mask_token=mask
    )


@pytest.fixture(scope="module")
def masked():
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    tokenizer = word_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    return MaskedLMProposer(BertForMaskedLM(config), tokenizer)


@pytest.fixture(scope="module")
def causal():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    tokenizer = word_tokenizer()
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=64)
    return GeneratorProposer(GPT2LMHeadModel(config), tokenizer)


SNIPPET = Snippet(prompt="The dog ran.", completion="Tom saw the OLD wolf.")


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_contract(kind, request):
    check_proposer(request.getfixturevalue(kind), [SNIPPET], n=5)


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_whole_words_with_the_case_of_the_place(kind, request):
    proposer = request.getfixturevalue(kind)
    words = {e.new for e in proposer.propose(SNIPPET, "completion", 0, 3, 20, 0)}
    assert words <= {w.capitalize() for w in WORDS} and len(words) == len(WORDS) - 1
    assert {e.new for e in proposer.propose(SNIPPET, "completion", 12, 15, 20, 0)} <= {
        w.upper() for w in WORDS
    }
    inserted = proposer.propose(SNIPPET, "completion", 16, 16, 3, 0)
    assert len(inserted) == 3 and all(e.operation == "insert" and e.new.endswith(" ") for e in inserted)


def test_the_causal_list_is_drawn_by_seed(causal):
    lists = {tuple(e.new for e in causal.propose(SNIPPET, "completion", 4, 7, 5, seed)) for seed in range(5)}
    assert len(lists) > 1
    plain = GeneratorProposer(causal.model, causal.tokenizer, temperature=0)
    lists = {tuple(e.new for e in plain.propose(SNIPPET, "completion", 4, 7, 5, seed)) for seed in range(5)}
    assert len(lists) == 1


def test_a_tokeniser_without_mask_is_refused():
    with pytest.raises(InputError, match="mask"):
        MaskedLMProposer(None, word_tokenizer(mask=None))

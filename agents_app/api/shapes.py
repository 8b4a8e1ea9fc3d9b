"""The shapes that `agents_app.events` builds, described for OpenAPI. A test compares the two."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from agents_app.models import Message, Run
from tools_app.models import Approval, ApprovalVote, ToolCall


class AvatarSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["emoji", "image"])
    value = serializers.CharField()


class BriefPersonaSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    display_name = serializers.CharField()
    avatar = AvatarSerializer()
    avatar_color = serializers.CharField()
    scripted = serializers.BooleanField(help_text="True where the scripted model answers, not a real one.")


class ToolOffSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    reason = serializers.CharField()


class PowersSerializer(serializers.Serializer[Any]):
    uses = serializers.ListField(child=serializers.CharField())
    asks = serializers.ListField(child=serializers.CharField())
    asks_others = serializers.ListField(
        child=serializers.CharField(), help_text="Those of them that only somebody else can approve."
    )
    off = ToolOffSerializer(many=True)


class PersonaSerializer(BriefPersonaSerializer):
    description = serializers.CharField()
    personality_traits = serializers.ListField(child=serializers.CharField())
    starters = serializers.ListField(child=serializers.CharField())
    model = serializers.CharField()
    is_default = serializers.BooleanField()
    powers = PowersSerializer()
    halted = serializers.CharField(help_text="Which kill switch stops it now, and why; empty if none does.")


class ConversationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    persona = BriefPersonaSerializer()
    archived = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    url = serializers.CharField()


class AttachmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    media_type = serializers.CharField(help_text="By its content, as far as that says it.")
    size = serializers.IntegerField(help_text="In bytes.")
    url = serializers.CharField(help_text="Where it can be downloaded.")


class MessageSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    role = serializers.ChoiceField(Message.Role.choices)
    text = serializers.CharField()
    html = serializers.CharField(help_text="Sanitised; empty while the message is being written.")
    ending = serializers.ChoiceField(Message.Ending.choices, help_text="Empty while it is being written.")
    ending_text = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)
    model = serializers.CharField()
    scripted = serializers.BooleanField()
    attachments = AttachmentSerializer(many=True)
    client_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class RunSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(Run.Status.choices)
    reason = serializers.CharField()
    reason_text = serializers.CharField()
    retryable = serializers.BooleanField()
    message = serializers.IntegerField()
    attempt = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField(help_text="Read from or written to the vendor's cache.")
    cost = serializers.CharField(help_text="In dollars, of the tokens that have a price.")
    unpriced_tokens = serializers.IntegerField(help_text="For which no price is known.")
    choices = serializers.ListField(
        child=serializers.CharField(),
        help_text="Where it rests at a limit, what its person may choose: go_on, answer_now.",
    )
    rests_until = serializers.DateTimeField(allow_null=True, help_text="Until when they may choose.")
    chosen = serializers.CharField(help_text="What became of the limits it has met, in words.")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class CardRowSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField(help_text="Invisible characters are shown by their number.")
    filled_by_policy = serializers.BooleanField()
    origin = serializers.ChoiceField(
        ["house", "model", "policy", "person"],
        help_text="Who gave an argument its value; house: no argument, but what is known beside them.",
    )
    bytes = serializers.IntegerField()
    showable = serializers.BooleanField()


class OptionSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="What is sent back.")
    label = serializers.CharField(help_text="What is shown: nothing in it is invisible.")  # type: ignore[assignment]


class FieldSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.ChoiceField(["text", "number", "date", "yes_no", "choice", "choices"])
    options = OptionSerializer(many=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    hint = serializers.CharField()


class FormSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    inputs = FieldSerializer(many=True)


class FlowSerializer(serializers.Serializer[Any]):
    read = serializers.CharField(help_text="What the conversation has read from outside.")
    private = serializers.CharField(help_text="Tools that give private data.")
    way_out = serializers.CharField(help_text="Where this use could take it.")


class VoteSerializer(serializers.Serializer[Any]):
    by = serializers.CharField()
    verdict = serializers.ChoiceField(ApprovalVote.Verdict.choices)
    groups = serializers.ListField(child=serializers.CharField(), help_text="The groups they were in then.")
    comment = serializers.CharField()
    at = serializers.DateTimeField()


class AbsentSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_text = serializers.BooleanField()


class ChangedArgumentSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    was = serializers.CharField(allow_null=True, help_text="As the model gave it; null where it gave none.")
    now = serializers.CharField(allow_null=True, help_text="Null where it was left out.")


class ApprovalSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    call = serializers.IntegerField()
    status = serializers.ChoiceField(Approval.Status.choices)
    about = serializers.ChoiceField(
        Approval.About.choices,
        help_text="use: may it run? outcome: a worker was lost while it ran and nobody can tell whether it happened. "
        "Then approve lets the answer go on, deny stops it, and the tool is not run again either way. answer: the "
        "person who asked is asked something; see form.",
    )
    digest = serializers.CharField(
        help_text="Send it back with the verdict: it names exactly what was shown."
    )
    tool = serializers.CharField()
    tool_version = serializers.CharField()
    tool_description = serializers.CharField(
        help_text="What the tool was described as when the question was put; empty in those from before this was kept."
    )
    is_dangerous = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    persona = serializers.CharField()
    requester = serializers.CharField()
    organization = serializers.CharField()
    conversation = serializers.CharField()
    conversation_title = serializers.CharField(
        allow_null=True, help_text="In a list of questions, where you may open the conversation; else null."
    )
    taint = serializers.BooleanField()
    flow = FlowSerializer(
        allow_null=True, help_text="Where private data, what was read outside and a way out come together."
    )
    card = CardRowSerializer(many=True)
    form = FormSerializer(allow_null=True, help_text="Where something is asked: the fields of the answer.")
    showable = serializers.BooleanField()
    decided_by = serializers.CharField(help_text="Of a yes that took several people, all of them.")
    halted = serializers.CharField(
        help_text="Which kill switch stops it, in words; empty if none does. It can be denied, not approved."
    )
    anew = serializers.CharField(
        help_text="Of a question that stands in for one before it: what had changed, in words; else empty."
    )
    void = serializers.CharField(help_text="Of a question that is void, why in one word; else empty.")
    comment = serializers.CharField()
    answered = serializers.CharField(
        help_text="What was answered, in one line; empty where nothing was asked."
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    needs = serializers.CharField(
        help_text="Who has to approve it, in one sentence; empty where anybody's yes is enough."
    )
    votes = VoteSerializer(
        many=True, help_text="Of a question that several people decide: what they said so far."
    )
    alike = serializers.CharField(
        help_text="The same for questions about exactly the same, which may be decided together."
    )
    instead = serializers.CharField(help_text="What the model was told to do instead, with a no.")
    response = serializers.CharField(help_text="What a person answered in the place of the tool.")
    edited_by = serializers.CharField(help_text="Who changed the arguments, if anybody did.")
    changes = ChangedArgumentSerializer(many=True)
    voted = serializers.BooleanField(help_text="Whether you have said something already.")
    may_withdraw = serializers.BooleanField()
    editable = serializers.BooleanField(help_text="Whether its arguments can be changed, or answered for.")
    arguments = serializers.DictField(allow_null=True, help_text="To be changed, where it is editable.")
    absent = AbsentSerializer(many=True, help_text="Parameters that have no value, where it is editable.")
    may_decide = serializers.BooleanField()
    why_not = serializers.CharField(help_text="Why you may not decide it; empty where you may.")
    from_now_on = serializers.BooleanField(
        help_text="Whether a yes may be given for such uses from now on too: see …/standing."
    )


class WaitingNamedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    about = serializers.ChoiceField(Approval.About.choices)
    tool = serializers.CharField()
    persona = serializers.CharField()
    requester = serializers.CharField()


class WaitingSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Questions you may decide now, counted up to a hundred.")
    more = serializers.BooleanField(help_text="There are more than that.")
    oldest = serializers.DateTimeField(allow_null=True, help_text="When the oldest of them was put.")
    latest = WaitingNamedSerializer(many=True, help_text="The newest of them, by name alone.")


class ProgressSerializer(serializers.Serializer[Any]):
    current = serializers.IntegerField()
    total = serializers.IntegerField()
    message = serializers.CharField()


class CitedSourceSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a name of the shape, not DRF's own
    url = serializers.CharField(help_text="The source, if it is an address of the web.")
    text = serializers.CharField()


class PictureSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Where it is, for whoever may see the conversation.")


class AllowedWordsSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    says = serializers.CharField(help_text="What this argument must be like.")


class SparedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    by = serializers.CharField(help_text="Who allowed it.")
    until = serializers.DateTimeField()
    words = AllowedWordsSerializer(many=True)
    uses = serializers.IntegerField(help_text="How often it may be used at most.")


class CallSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    run = serializers.IntegerField(allow_null=True)
    message = serializers.IntegerField(allow_null=True)
    tool = serializers.CharField()
    icon = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(ToolCall.Status.choices)
    reason = serializers.CharField()
    reason_text = serializers.CharField()
    arguments = serializers.DictField()
    arguments_text = serializers.CharField()
    result_text = serializers.CharField()
    sources = CitedSourceSerializer(many=True, help_text="Of a result that cites: what it was found in.")
    pictures = PictureSerializer(many=True)
    progress = ProgressSerializer(allow_null=True)
    remainder = serializers.ListField(
        child=serializers.CharField(), help_text="What was left of each of its limits, in words."
    )
    approval = ApprovalSerializer(allow_null=True)
    standing = SparedSerializer(
        allow_null=True, help_text="What was allowed from now on, where it spared the question of this call."
    )
    attempt = serializers.IntegerField()
    replaces = serializers.IntegerField(
        allow_null=True, help_text="The call in whose place this one is: edited by a person, or asked anew."
    )
    edited_by = serializers.CharField()
    changes = ChangedArgumentSerializer(many=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)


class BudgetStateSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    share = serializers.FloatField(help_text="How much is used or held back, from 0 to 1.")
    percent = serializers.IntegerField()
    amount = serializers.CharField(help_text="How much of how much.")
    may_go_on = serializers.BooleanField(help_text="Whether the person may go beyond it, after being asked.")
    renews_at = serializers.DateTimeField()


class UsageSerializer(serializers.Serializer[Any]):
    """What a conversation has used."""

    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    tokens = serializers.IntegerField(help_text="All of them.")
    tokens_text = serializers.CharField()
    cost_nanos = serializers.IntegerField(help_text="In billionths of a dollar.")
    cost = serializers.CharField()
    unpriced_tokens = serializers.IntegerField(
        help_text="For which no price is known: they are not in the cost."
    )
    context_tokens = serializers.IntegerField(help_text="Of the last prompt and its answer.")
    context_limit = serializers.IntegerField()
    budgets = BudgetStateSerializer(many=True, help_text="Those the next answer falls under.")
    fullest = BudgetStateSerializer(allow_null=True, help_text="The one nearest to its end.")


class SnapshotSerializer(serializers.Serializer[Any]):
    conversation = ConversationSerializer()
    cursor = serializers.IntegerField()
    messages = MessageSerializer(many=True)
    calls = CallSerializer(many=True)
    runs = RunSerializer(many=True)
    usage = UsageSerializer()


class CursorSerializer(serializers.Serializer[Any]):
    cursor = serializers.IntegerField()


class PostedSerializer(serializers.Serializer[Any]):
    message = MessageSerializer()
    run = RunSerializer()


class StartedSerializer(serializers.Serializer[Any]):
    conversation = ConversationSerializer()
    message = MessageSerializer(allow_null=True)
    run = RunSerializer(allow_null=True)

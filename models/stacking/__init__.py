"""The one learner: members of several learners, stacked on held-out margins, in one text."""

"""The theoretical claims of the reports, each checked against a computation from scratch.

>>> from kzoo.claims import check_claim, check_claims, conv_matrix, list_claims
>>> check_claim("shared-parameters-r000").verdict
'erratum'
"""

from kzoo.claims.claim import CheckedClaim, Claim, Finding
from kzoo.claims.convolution import conv_matrix
from kzoo.claims.registry import check_claim, check_claims, list_claims, register_claim

__all__ = [
    "CheckedClaim",
    "Claim",
    "Finding",
    "check_claim",
    "check_claims",
    "conv_matrix",
    "list_claims",
    "register_claim",
]
